# SPDX-License-Identifier: GPL-2.0-or-later
"""The demo's servers: their configurations, written to a temporary folder, and their start."""

import glob
import os
import random
import shutil
import socket
import subprocess
import time

# What each service is reached at: the last part of its addresses, and its port.
ADDRESS = {"web": 10, "ssh": 22, "cache": 30, "ftp": 40, "dns": 53, "mqtt": 60, "chat": 67,
           "sql": 70, "mail": 80}
PORTS = {80: "HTTP", 8080: "HTTP", 443: "TLS", 22: "SSH", 6379: "REDIS", 11211: "MEMCACHED",
         21: "FTP", 20: "FTP-DATA", 53: "DNS", 1883: "MQTT", 6667: "IRC", 5432: "POSTGRESQL",
         143: "IMAP"}
FTP_PASSIVE = range(40000, 40400)  # where the FTP server listens for data connections
PASSWORD = "demo-password"

WORDS = ("alpha bridge cedar delta ember forest garden harbour island juniper kettle lantern "
         "meadow north orchard pebble quarry river summit timber valley willow yonder").split()


def ipv4(service):
    return f"198.51.100.{ADDRESS[service]}"


def ipv6(service):
    return f"2001:db8:ff::{ADDRESS[service]:x}"


def text(n_bytes, seed):
    """Plain text of @n_bytes, lines of words: it compresses well and reads as a document."""
    rng = random.Random(seed)
    lines, size = [], 0
    while size < n_bytes:
        lines.append(" ".join(rng.choices(WORDS, k=9)))
        size += len(lines[-1]) + 1
    return "\n".join(lines)[:n_bytes - 1] + "\n"


class Servers:
    """Starts the servers from a thread in their network namespace; who deletes that ends them."""

    def __init__(self, folder):
        self.folder = folder

    def path(self, *parts):
        return os.path.join(self.folder, *parts)

    def write(self, name, content, mode=0o644):
        path = self.path(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(content)
        os.chmod(path, mode)
        return path

    def run(self, *command, port=None, user=None):
        """Starts a server that stays in the foreground and waits until @port accepts."""
        if user:
            command = ("setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups") + command
        log = open(self.path("log"), "ab")
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                   cwd=self.folder, start_new_session=True)
        log.close()
        deadline = time.monotonic() + 20
        while port is not None:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                return
            except OSError:
                if process.poll() is not None or time.monotonic() > deadline:
                    raise SystemExit(f"{command[0]} does not start; see {self.path('log')}")
                time.sleep(0.1)

    def start_all(self):
        for start in (self.start_web, self.start_ssh, self.start_caches, self.start_ftp,
                      self.start_dns, self.start_mqtt, self.start_chat, self.start_sql,
                      self.start_mail):
            start()

    def start_web(self):
        for i in range(24):
            self.write(f"www/page{i}.html", text(300 + 230 * i, i))
        for i, size in enumerate((24000, 60000, 110000)):
            self.write(f"www/big{i}.txt", text(size, 100 + i))
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                        "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
                        "/CN=www.demo.example", "-keyout", self.path("tls.key"), "-out",
                        self.path("tls.crt")], check=True, stderr=subprocess.DEVNULL)
        self.write("nginx.conf", f"""
            daemon off; pid {self.path('nginx.pid')}; error_log {self.path('nginx.log')};
            user nobody nogroup; worker_processes 1;
            events {{}}
            http {{
              access_log off; types {{ text/html html; }} default_type text/plain;
              client_body_temp_path {self.path('t1')}; proxy_temp_path {self.path('t2')};
              fastcgi_temp_path {self.path('t3')}; uwsgi_temp_path {self.path('t4')};
              scgi_temp_path {self.path('t5')};
              root {self.path('www')};
              server {{ listen 80; listen [::]:80; keepalive_timeout 4s;
                location /form {{ return 200 "thank you\\n"; }}
                location /slow {{ alias {self.path('www')}; limit_rate 12k; }}
                location /old {{ return 301 /page1.html; }} }}
              server {{ listen 8080; keepalive_timeout 1s; keepalive_requests 3; }}
              server {{ listen 443 ssl http2; listen [::]:443 ssl http2;
                ssl_certificate {self.path('tls.crt')}; ssl_certificate_key {self.path('tls.key')};
                location /form {{ return 200 "thank you\\n"; }} }}
            }}""")
        self.run("nginx", "-c", self.path("nginx.conf"), port=80)

    def start_ssh(self):
        for name in ("host_key", "user_key", "other_key"):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "demo", "-f",
                            self.path(name)], check=True)
        shutil.copy(self.path("user_key.pub"), self.path("authorized_keys"))
        os.makedirs("/run/sshd", mode=0o755, exist_ok=True)
        config = self.write("sshd_config", f"""
Port 22
HostKey {self.path('host_key')}
PidFile none
AuthorizedKeysFile {self.path('authorized_keys')}
StrictModes no
PermitRootLogin prohibit-password
PasswordAuthentication no
KbdInteractiveAuthentication no
PrintMotd no
PrintLastLog no
MaxStartups 100
UseDNS no
""")
        self.run("/usr/sbin/sshd", "-D", "-e", "-f", config, port=22)

    def start_caches(self):
        self.run("redis-server", "--bind", "* -::*", "--protected-mode", "no", "--save", "",
                 "--dir", self.folder, port=6379)
        self.run("memcached", "-u", "nobody", "-m", "16", "-t", "1", port=11211)

    def start_ftp(self):
        for i in range(12):
            self.write(f"ftp/pub/file{i}.txt", text(200 + 400 * i, 200 + i))
        self.write("ftp/pub/archive.txt", text(70000, 250))
        os.makedirs(self.path("ftp/incoming"))
        shutil.chown(self.path("ftp/incoming"), "ftp")
        os.makedirs(self.path("empty"))
        config = self.write("vsftpd.conf", f"""listen=YES
anonymous_enable=YES
local_enable=NO
write_enable=YES
anon_upload_enable=YES
anon_root={self.path('ftp')}
no_anon_password=NO
secure_chroot_dir={self.path('empty')}
connect_from_port_20=YES
pasv_min_port={FTP_PASSIVE.start}
pasv_max_port={FTP_PASSIVE.stop - 1}
xferlog_enable=NO
background=NO
seccomp_sandbox=NO
isolate=NO
isolate_network=NO
ftpd_banner=demo file server
""")
        self.run("vsftpd", config, port=21)

    def start_dns(self):
        records = ["$TTL 3600", "@ SOA ns admin 1 3600 600 86400 300", "@ NS ns",
                   f"ns A {ipv4('dns')}", "@ MX 10 mail", f"mail A {ipv4('mail')}",
                   '@ TXT "v=spf1 mx -all"', f"www A {ipv4('web')}", f"www AAAA {ipv6('web')}",
                   "ftp CNAME www"]
        records += [f"{word} A 198.51.100.{100 + i}" for i, word in enumerate(WORDS)]
        records += [f'note{i} TXT "{text(180, 300 + i).splitlines()[0]}"' for i in range(20)]
        self.write("demo.zone", "\n".join(records) + "\n")
        self.write("named.conf", f"""
            options {{ directory "{self.folder}"; pid-file none; session-keyfile none;
              listen-on {{ any; }}; listen-on-v6 {{ any; }}; recursion no; dnssec-validation no;
              allow-transfer {{ any; }}; tcp-clients 100; tcp-idle-timeout 50; }};
            controls {{}};
            zone "demo.example" {{ type primary; file "{self.path('demo.zone')}"; }};""")
        self.run("named", "-g", "-n", "1", "-c", self.path("named.conf"), port=53)

    def start_mqtt(self):
        config = self.write("mosquitto.conf", "listener 1883\nallow_anonymous true\n"
                                              "persistence false\n")
        self.run("mosquitto", "-c", config, port=1883)

    def start_chat(self):
        config = self.write("ngircd.conf", """[Global]
Name = chat.demo.example
Info = Demo
MotdPhrase = Welcome to the demo
ServerUID = nobody
ServerGID = nogroup
[Limits]
MaxConnectionsIP = 0
[Options]
DNS = no
Ident = no
PAM = no
SyslogFacility = local1
""")
        self.run("ngircd", "-n", "-f", config, port=6667)

    def start_sql(self):
        programs = sorted(glob.glob("/usr/lib/postgresql/*/bin"))[-1]
        data = self.path("sql")
        os.makedirs(data)
        shutil.chown(data, "postgres")
        password = self.write("sql-password", PASSWORD + "\n")
        drop = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
        subprocess.run(drop + [f"{programs}/initdb", "-D", data, "-U", "demo", "-A",
                               "scram-sha-256", f"--pwfile={password}", "-N", "--locale=C",
                               "-E", "UTF8"], check=True, stdout=subprocess.DEVNULL)
        with open(f"{data}/pg_hba.conf", "a", encoding="utf-8") as file:
            file.write("host all all 0.0.0.0/0 scram-sha-256\n")
        self.run(f"{programs}/postgres", "-D", data, "-h", "*", "-k", "", "-c", "fsync=off",
                 "-B", "2048", "-c", "max_connections=60", user="postgres",
                 port=5432)
        tables = "create table item (id int primary key, name text, price numeric);"
        rows = ",".join(f"({i}, '{WORDS[i % len(WORDS)]}', {i * 1.25})" for i in range(60))
        environment = dict(os.environ, PGPASSWORD=PASSWORD)
        for _ in range(20):  # it accepts connections before it serves them
            done = subprocess.run(["psql", "-q", "-h", "127.0.0.1", "-U", "demo", "postgres", "-c",
                                   f"{tables} insert into item values {rows}"],
                                  env=environment, stderr=subprocess.DEVNULL, check=False)
            if done.returncode == 0:
                return
            time.sleep(0.3)
        raise SystemExit("postgres does not serve")

    def start_mail(self):
        for user in ("ann", "bob", "eve"):
            for folder in ("cur", "new", "tmp"):
                os.makedirs(self.path("mail", user, folder))
            for i in range(5):
                self.write(f"mail/{user}/new/{1000 + i}.demo",
                           f"From: {WORDS[i]}@demo.example\nTo: {user}@demo.example\n"
                           f"Subject: {WORDS[i + 5]} {WORDS[i + 9]}\n"
                           f"Date: Mon, 0{i + 1} Jun 2026 10:00:00 +0000\n\n"
                           + text(200 + 500 * i, user + str(i)))
        subprocess.run(["chown", "-R", "mail:mail", self.path("mail")], check=True)
        config = self.write("dovecot.conf", f"""
protocols = imap
listen = *
base_dir = {self.path('dovecot')}
state_dir = {self.path('dovecot')}
log_path = {self.path('dovecot.log')}
ssl = no
disable_plaintext_auth = no
mail_location = maildir:{self.path('mail')}/%u
first_valid_uid = 1
first_valid_gid = 1
mail_max_userip_connections = 100
passdb {{
  driver = static
  args = password={PASSWORD}
}}
userdb {{
  driver = static
  args = uid=mail gid=mail home={self.path('mail')}/%u
}}
""")
        self.run("dovecot", "-F", "-c", config, port=143)
