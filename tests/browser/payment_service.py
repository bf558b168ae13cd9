"""The sandbox payment service, which the platform sends payers to: https://pay.test."""

from processes import Process, run, run_json


class PaymentService:
    host = "pay.test"
    port = 8444

    def __init__(self, programs, folder, portal):
        """portal: a BrowserPortal, which is told of the service before it runs."""
        self.program = programs / "ukey-pay"
        self.folder = folder
        self.origin = portal.page_origin
        self.process = None
        key = folder.with_name("merchant.pem")
        key.write_text(portal.admin("payment", "key")["merchant_key"])
        trusted = ["--portal-key", key, "--portal-ca", portal.tls_ca]
        made = run_json([self.program, "--folder", folder, "init", "--host", self.host, *trusted])
        self.tls_ca = made["service_ca"]
        service = ["--service", f"https://{self.host}:{self.port}", "--service-key", made["service_key"]]
        portal.admin("payment", "configure", *service, "--service-ca", self.tls_ca)

    def start(self):
        arguments = [self.program, "--folder", self.folder, "run", "--listen", f"127.0.0.1:{self.port}"]
        self.process = Process("pay", [*arguments, "--portal", self.origin], self.folder.parent)
        self.process.wait_for_line("^listening on ")

    def stop(self):
        if self.process:
            self.process.stop()
            self.process = None

    def notify(self, how):
        """What becomes of its notifications: normal, lost, late or doubled."""
        run([self.program, "--folder", self.folder, "control", "--notify", how])
