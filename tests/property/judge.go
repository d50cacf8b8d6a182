// SPDX-License-Identifier: Apache-2.0

// Reads requests, one in hex a line, with Go's crypto/x509, and says what they hold.
package main

import (
	"bufio"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"os"
	"strings"
)

type said struct {
	Good       bool            `json:"good"`
	Why        string          `json:"why,omitempty"`
	Subject    string          `json:"subject"`
	Extensions [][]interface{} `json:"extensions"`
	Names      [][]string      `json:"names"`
}

func dump(line string) said {
	der, err := hex.DecodeString(strings.TrimSpace(line))
	if err != nil {
		return said{Why: err.Error()}
	}
	request, err := x509.ParseCertificateRequest(der)
	if err != nil {
		return said{Why: err.Error()}
	}
	result := said{Good: true, Subject: hex.EncodeToString(request.RawSubject)}
	if err := request.CheckSignature(); err != nil {
		result.Good, result.Why = false, err.Error()
	}
	result.Extensions = [][]interface{}{}
	for _, one := range request.Extensions {
		value := hex.EncodeToString(one.Value)
		result.Extensions = append(result.Extensions, []interface{}{one.Id.String(), one.Critical, value})
	}
	result.Names = [][]string{}
	for _, name := range request.DNSNames {
		result.Names = append(result.Names, []string{"dns", name})
	}
	for _, name := range request.EmailAddresses {
		result.Names = append(result.Names, []string{"email", name})
	}
	for _, name := range request.URIs {
		result.Names = append(result.Names, []string{"uri", name.String()})
	}
	for _, name := range request.IPAddresses {
		octets := []byte(name)
		if short := name.To4(); short != nil && len(octets) == 4 {
			octets = short
		}
		result.Names = append(result.Names, []string{"ip", hex.EncodeToString(octets)})
	}
	return result
}

func main() {
	reader := bufio.NewReaderSize(os.Stdin, 1<<20)
	writer := json.NewEncoder(os.Stdout)
	for {
		line, err := reader.ReadString('\n')
		if len(line) > 1 {
			if writer.Encode(dump(line)) != nil {
				os.Exit(1)
			}
		}
		if err != nil {
			return
		}
	}
}
