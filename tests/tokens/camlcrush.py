# SPDX-License-Identifier: Apache-2.0
"""SoftHSM2 behind Caml Crush, which forbids two mechanisms; its client knows one address."""

import capabilities
import softhsm2
import support

# The client's own, in Debian.
PORT = 4444
FORBIDDEN = ("CKM_ECDSA", "CKM_SHA256_RSA_PKCS")
CONFIG = """netplex {{
  controller {{
    max_level = "warning";
    socket_directory = "{folder}/netplex";
    logging {{ type = "stderr"; }};
  }};
  service {{
    name = "PKCS#11 Filtering Proxy";
    conn_limit = 1;
    protocol {{
      name = "rpc_pkcs11";
      address {{ type = "internet"; bind = "127.0.0.1:{port}"; }};
    }};
    processor {{
      type = "rpc_pkcs11";
      filter_config = "{folder}/filter.conf";
    }};
    workload_manager {{
      type = "dynamic";
      max_jobs_per_thread = 1;
      min_free_jobs_capacity = 1;
      max_free_jobs_capacity = 1;
      max_threads = 20;
    }};
  }};
}}
"""
FILTER = """debug = 0
wrapping_format_key = "00112233445566778899aabbccddeeff"
modules = [("softhsm", "{module}")]
log_subchannel = filter
forbidden_mechanisms = [("sof.*", [{forbidden}])]
"""


class Token(softhsm2.Token):
    NAME = "camlcrush"
    MODULE = f"{capabilities.LIB}/caml-crush/libp11clienttcp.so"
    refusals = ((7, "MECHANISM"),)
    proxy = None

    def set_up(self):
        super().set_up()
        values = {
            "folder": self.dir,
            "port": PORT,
            "module": support.MODULE,
            "forbidden": ", ".join(FORBIDDEN),
        }
        (self.dir / "proxy.conf").write_text(CONFIG.format(**values))
        (self.dir / "filter.conf").write_text(FILTER.format(**values))
        del self.env["SOFTHSM2_CONF"]
        self.env["PKCS11PROXY_LIBNAME"] = "softhsm"
        self.start_proxy()

    def start_proxy(self):
        env = {"SOFTHSM2_CONF": self.dir / "softhsm2.conf"}
        self.proxy = self.daemon("/usr/bin/pkcs11proxyd", "-fg", "-conf", self.dir / "proxy.conf", env=env)
        self.until("the proxy answers", lambda: b"token label" in self.tool("-L", check=False).stdout)
