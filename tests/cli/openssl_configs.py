# SPDX-License-Identifier: Apache-2.0
"""Configurations of `openssl req`: its documentation's examples in words of our own, and further ones."""

SAME = {
    # openssl-req(1): prompts with defaults and bounds, a digest, and settings about the key's file
    "req documentation, prompts": """
[req]
default_bits = 2048
default_keyfile = privkey.pem
distinguished_name = req_distinguished_name
attributes = req_attributes
req_extensions = v3_ca
dirstring_type = nobmp

[req_distinguished_name]
countryName = Country Name (2 letter code)
countryName_default = AU
countryName_min = 2
countryName_max = 2
localityName = Locality Name (eg, city)
organizationalUnitName = Organizational Unit Name (eg, section)
commonName = Common Name (eg, YOUR name)
commonName_default = an own name
commonName_max = 64
emailAddress = Email Address
emailAddress_max = 40

[req_attributes]
challengePassword = A challenge password
challengePassword_min = 4
challengePassword_max = 20

[v3_ca]
subjectKeyIdentifier = hash
basicConstraints = critical, CA:true
""",
    # openssl-req(1): no prompts; several of a type; values with a blank
    "req documentation, no prompts": """
[req]
default_bits = 2048
default_keyfile = keyfile.pem
distinguished_name = req_distinguished_name
attributes = req_attributes
prompt = no
output_password = mypass

[req_distinguished_name]
C = GB
ST = Test State or Province
L = Test Locality
O = Organization Name
OU = Organizational Unit Name
CN = Common Name
emailAddress = test@email.address

[req_attributes]
challengePassword = A challenge password
""",
    # openssl-req(1): sections of its own for an OID
    "oid_section": """
oid_section = new_oids
[new_oids]
myTag = 1.2.3.4.5.6.7
myOther = 1.2.3.4.5.6.8
myUsage = 1.3.6.1.4.1.99999.5
[req]
distinguished_name = dn
prompt = no
req_extensions = ext
[dn]
CN = x
myTag = tagged
myOther = longer
[ext]
extendedKeyUsage = serverAuth, myUsage
certificatePolicies = myTag
myOther = ASN1:NULL
""",
    # x509v3_config(5): one of each
    "x509v3_config, usual ones": """
[req]
distinguished_name = dn
prompt = no
req_extensions = ext
[dn]
CN = x
[ext]
basicConstraints = critical, CA:TRUE, pathlen:1
keyUsage = critical, cRLSign, digitalSignature, keyCertSign
extendedKeyUsage = critical, codeSigning, 1.2.3.4
subjectKeyIdentifier = hash
subjectAltName = email:my@example.com, URI:http://my.example.com/, IP:192.168.7.1, \\
IP:13::17, RID:1.2.3.4, DNS:*.x.y
""",
    "x509v3_config, alternative names in sections": """
[req]
distinguished_name = dn
prompt = no
req_extensions = ext
[dn]
CN = x
emailAddress = copied@example.com
[ext]
subjectAltName = critical, @alt
[alt]
email.1 = copy
email.2 = my@example.com
dirName.1 = dir_sect
otherName = 1.2.3.4;UTF8:some other identifier
DNS.1 = one.example.com
DNS.2 = two.example.com
[dir_sect]
C = UK
O = My Organization
OU = My Unit
CN = My Name
""",
    "x509v3_config, email:move": """
[req]
distinguished_name = dn
prompt = no
req_extensions = ext
[dn]
CN = x
emailAddress = moved@example.com
[ext]
subjectAltName = email:move, DNS:x.example
""",
    "x509v3_config, policies": """
[req]
distinguished_name = dn
prompt = no
req_extensions = ext
[dn]
CN = x
[ext]
certificatePolicies = 1.2.4.5, 1.1.3.4, @polsect
[polsect]
policyIdentifier = 1.3.5.8
CPS.1 = "http://my.host.example.com/"
CPS.2 = "http://my.your.example.com/"
userNotice.1 = @notice
[notice]
explicitText = "Explicit Text Here"
organization = "Organisation Name"
noticeNumbers = 1, 2, 3, 4
""",
    "x509v3_config, constraints": """
[req]
distinguished_name = dn
prompt = no
req_extensions = ext
[dn]
CN = x
[ext]
basicConstraints = critical, CA:TRUE
nameConstraints = critical, permitted;IP:192.168.0.0/255.255.0.0, \\
permitted;email:.example.com, excluded;DNS:.com
policyConstraints = requireExplicitPolicy:3
inhibitAnyPolicy = 2
""",
    "x509v3_config, what a CA would say": """
[req]
distinguished_name = dn
prompt = no
req_extensions = ext
[dn]
CN = x
[ext]
authorityInfoAccess = OCSP;URI:http://ocsp.example.com/, caIssuers;URI:http://my.ca.example.com/ca.html
crlDistributionPoints = URI:http://example.com/myca.crl
issuerAltName = email:ca@example.com
nsComment = "Some Random Comment"
noCheck = ignored
tlsfeature = status_request
""",
    "x509v3_config, CRL points in a section": """
[req]
distinguished_name = dn
prompt = no
req_extensions = ext
[dn]
CN = x
[ext]
crlDistributionPoints = point
[point]
fullname = URI:http://example.com/myca.crl
CRLissuer = dirName:issuer_sect
reasons = keyCompromise, CACompromise
[issuer_sect]
C = UK
O = Organisation
CN = Some Name
""",
    "x509v3_config, any extension": """
[req]
distinguished_name = dn
prompt = no
req_extensions = ext
[dn]
CN = x
[ext]
1.2.3.4 = critical, ASN1:UTF8String:Some random data
1.2.3.4.1 = DER:01:02:03:04
1.2.3.4.2 = ASN1:SEQUENCE:seq_sect
[seq_sect]
field1 = UTF8:field1
field2 = UTF8:field2
field3 = SET:set_sect
[set_sect]
a = INTEGER:0x10
b = BOOLEAN:TRUE
""",
    "numbered and joined": """
[req]
distinguished_name = dn
prompt = no
[dn]
0.DC = example
1.DC = corp
0.OU = first
1.OU = second
CN = Alice
+serialNumber = 17
+UID = alice
""",
    "numbered prompts": """
[req]
distinguished_name = dn
[dn]
C = country
C_default = DE
0.organizationName = one
0.organizationName_default = First
1.organizationName = two
1.organizationName_default = Second
2.organizationName = three
commonName = name
commonName_value = fixed
localityName = city
localityName_default = Nowhere
localityName_value = .
noSuchType = what
noSuchType_default = ever
""",
    "mask nombstr": """
[req]
distinguished_name = dn
prompt = no
string_mask = nombstr
[dn]
C = DE
O = Plain
OU = with_underscore
emailAddress = a@b.example
""",
    "mask default": """
[req]
distinguished_name = dn
prompt = no
string_mask = default
utf8 = yes
[dn]
C = DE
O = Plain
OU = München
L = Ωmega
""",
    "mask pkix": """
[req]
distinguished_name = dn
prompt = no
string_mask = pkix
utf8 = yes
[dn]
O = Plain
OU = München
serialNumber = 123
dnQualifier = 4
unstructuredName = free
""",
    "utf8": """
[req]
distinguished_name = dn
prompt = no
utf8 = yes
[dn]
O = Müller & Söhne
CN = 例え
1.2.3.4 = unknown type
""",
    "Latin 1 where utf8 is not set": """
[req]
distinguished_name = dn
prompt = no
[dn]
O = Müller
""",
    "variables": """
name = www
domain = example.com
[other]
unit = "quoted # not a comment"
[req]
distinguished_name = dn
prompt = no
req_extensions = ext
[dn]
CN = $name.${domain}
O = $ENV::P11CSR_TEST_ORG
OU = ${other::unit}
[ext]
subjectAltName = DNS:${name}.$domain, DNS:\\
$domain
""",
    "attributes": """
[req]
distinguished_name = dn
attributes = attr
prompt = no
[dn]
CN = x
[attr]
unstructuredName = An optional company
unstructuredAddress = Somewhere 1
""",
    "default digest": """
[req]
distinguished_name = dn
prompt = no
default_md = sha384
[dn]
CN = x
""",
    "key identifier as it is": """
[req]
distinguished_name = dn
prompt = no
req_extensions = ext
[dn]
CN = x
[ext]
subjectKeyIdentifier = 01:02:03
""",
}
