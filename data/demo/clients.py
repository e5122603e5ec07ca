# SPDX-License-Identifier: GPL-2.0-or-later
"""What the demo's clients do: a function a kind of session, and how many of each are held."""

import contextlib
import ftplib
import http.client
import imaplib
import os
import socket
import ssl
import struct
import subprocess
import time

from servers import FTP_PASSIVE, PASSWORD, WORDS, ipv4, ipv6

BROWSERS = ("Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Safari/537.36", "curl/7.88.1",
            "fetcher/2.1")


class Client:
    """One session's view of its host: draws, and programs run in the thread's namespace."""

    def __init__(self, rng, folder):
        self.rng = rng
        self.folder = folder

    def server(self, service, v6_chance=0.0):
        return ipv6(service) if self.rng.random() < v6_chance else ipv4(service)

    def url(self, scheme, path, port=""):
        address = self.server("web", 0.12 if not port else 0)
        return f"{scheme}://{f'[{address}]' if ':' in address else address}{port}/{path}"

    def pause(self, mean_s):
        time.sleep(min(self.rng.expovariate(1 / mean_s), 4 * mean_s))

    def run(self, *command, lines=None, pace_s=0.0, kill_after_s=None):
        """Runs a program to its end, or kills it; @lines are typed with pauses of @pace_s."""
        environment = dict(os.environ, PGPASSWORD=PASSWORD, HOME=self.folder, TERM="dumb")
        process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL,
                                   stdin=subprocess.PIPE if lines else subprocess.DEVNULL)
        with contextlib.suppress(BrokenPipeError):
            for line in lines or ():
                process.stdin.write(line.encode())
                process.stdin.flush()
                if pace_s:
                    self.pause(pace_s)
        with contextlib.suppress(BrokenPipeError):
            if lines and kill_after_s is None:
                process.stdin.close()
        try:
            process.wait(kill_after_s or 30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def connect(client, service, port):
    return socket.create_connection((client.server(service), port), 15)


def abort(sock):
    """Closes with a reset, as a program does that has crashed or has had enough."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


def dialogue(client, sock, requests, pace_s):
    """Sends each request, reads what answers it, pauses as long as a person or a program would."""
    sock.settimeout(5)
    for request in requests:
        sock.sendall(request.encode())
        if not sock.recv(65536):
            return
        if pace_s:
            client.pause(pace_s)


# --- web ---

def pages(client, n):
    return [f"page{int(24 * client.rng.random() ** 1.6)}.html" for _ in range(n)]


def http_browse(client):
    """A few pages over one connection that stays open, then the client closes."""
    urls = [client.url("http", "")[:-1]] * client.rng.choice((1, 1, 2, 3, 4))
    urls = [f"{url}/{page}" for url, page in zip(urls, pages(client, len(urls)))]
    if client.rng.random() < 0.15:
        urls.append(urls[0].rsplit("/", 1)[0] + client.rng.choice(("/missing", "/old")))
    command = ["curl", "-s", "-g", "-A", client.rng.choice(BROWSERS)]
    command += client.rng.choice(([], [], ["-I"], ["-0"], ["--compressed"], ["-L"]))
    client.run(*command, *urls)


def http_idle(client):
    """Reads slowly; the server's patience ends first and it closes the connection."""
    connection = http.client.HTTPConnection(client.server("web"), 8080, timeout=15)
    with contextlib.suppress(http.client.HTTPException, OSError):
        for page in pages(client, client.rng.randint(1, 3)):
            connection.request("GET", "/" + page, headers={"User-Agent": "reader/1.0"})
            connection.getresponse().read()
            client.pause(0.25)
        time.sleep(1.3)
    connection.close()


def http_form(client):
    fields = "&".join(f"{client.rng.choice(WORDS)}={client.rng.choice(WORDS)}"
                      for _ in range(client.rng.randint(2, 40)))
    client.run("curl", "-s", "-g", "-d", fields, client.url("http", "form"))


def http_download(client):
    client.run("curl", "-s", "-g", client.url("http", f"big{client.rng.randint(0, 2)}.txt"))


def http_give_up(client):
    """Leaves in the middle of a slow download: what still arrives is answered with resets."""
    client.run("curl", "-s", "-g", "-m", f"{0.4 + client.rng.random():.2f}",
               client.url("http", "slow/big0.txt"))


def http_abort(client):
    sock = connect(client, "web", 80)
    sock.sendall(b"GET /page9.html HTTP/1.1\r\nHost: www.demo.example\r\n\r\n")
    if client.rng.random() < 0.7:
        sock.recv(500)
    abort(sock)


def tls_browse(client):
    url = client.url("https", "")[:-1]
    command = ["curl", "-s", "-k", "-g", "-A", client.rng.choice(BROWSERS)]
    command += client.rng.choice(([], [], ["--http1.1"], ["--tls-max", "1.2"], ["-I"]))
    client.run(*command, *(f"{url}/{page}" for page in pages(client, client.rng.randint(1, 3))))


def tls_form(client):
    client.run("curl", "-s", "-k", "-g", "-d", "name=" + client.rng.choice(WORDS) * 20,
               client.url("https", "form"))


def tls_refuse(client):
    """Does not know who signed the certificate: an alert instead of a request."""
    context = ssl.create_default_context()
    context.check_hostname = False
    with contextlib.suppress(OSError), connect(client, "web", 443) as sock:
        context.wrap_socket(sock)


# --- remote shell ---

def ssh(client, *command, key="user_key", **options):
    client.run("ssh", "-F", "none", "-i", f"{client.folder}/{key}", "-o", "BatchMode=yes",
               "-o", "IdentitiesOnly=yes", "-o", "StrictHostKeyChecking=no",
               "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR",
               f"root@{client.server('ssh', 0.15)}", *command, **options)


def ssh_command(client):
    ssh(client, client.rng.choice(("uptime", "id", "cat /etc/os-release", "ls /etc | head -n 60",
                                   "date; sleep 0.4; date")))


def ssh_denied(client):
    ssh(client, "id", key="other_key")


def ssh_shell(client):
    """Types commands, a key at a time, at a terminal of its own."""
    keys = list(client.rng.choice(("ls /etc/apt\n", "date\n", "uname -a\n")) + "exit\n")
    ssh(client, "-tt", "sh", lines=keys, pace_s=0.12)


def ssh_killed(client):
    ssh(client, "sleep 20", kill_after_s=1 + client.rng.random())


# --- caches ---

def redis_commands(client, n):
    rng = client.rng
    kinds = (lambda w: f"SET {w} {' '.join(rng.choices(WORDS, k=1))}", lambda w: f"GET {w}",
             lambda w: f"INCR n:{w}", lambda w: f"LPUSH list:{w} {rng.choice(WORDS)}",
             lambda w: f"LRANGE list:{w} 0 9", lambda w: f"HSET h:{w} a {w} b {w}",
             lambda w: f"HGETALL h:{w}", lambda w: f"EXPIRE {w} 60", lambda w: "PING")
    return [rng.choice(kinds)(rng.choice(WORDS)) for _ in range(n)]


def redis_one(client):
    command = redis_commands(client, 1)[0].split()
    repeat = client.rng.choice(([], [], [], ["-r", "3", "-i", "0.2"]))
    client.run("redis-cli", *repeat, "-h", client.server("cache", 0.05), *command)


def redis_many(client):
    """As a program's library does it: several commands, each after the answer to the last."""
    requests = []
    for line in redis_commands(client, client.rng.randint(2, 6)):
        words = line.split()
        requests.append(f"*{len(words)}\r\n"
                        + "".join(f"${len(word)}\r\n{word}\r\n" for word in words))
    with connect(client, "cache", 6379) as sock:
        dialogue(client, sock, requests, client.rng.choice((0.0, 0.05, 0.3)))


def redis_load(client):
    """All commands at once, then all answers."""
    lines = [line + "\r\n" for line in redis_commands(client, client.rng.randint(5, 60))]
    client.run("redis-cli", "-h", client.server("cache"), "--pipe", lines=lines)


def redis_killed(client):
    client.run("redis-cli", "-h", client.server("cache"), "SUBSCRIBE", client.rng.choice(WORDS),
               kill_after_s=0.5 + 2 * client.rng.random())


def memcached(client):
    rng, requests = client.rng, []
    for _ in range(rng.randint(1, 5)):
        key, value = rng.choice(WORDS), " ".join(rng.choices(WORDS, k=rng.randint(1, 40)))
        requests.append(rng.choice((f"set {key} 0 60 {len(value)}\r\n{value}\r\n",
                                    f"get {key}\r\n", f"get {key}\r\n", f"delete {key}\r\n",
                                    "version\r\n")))
    with connect(client, "cache", 11211) as sock:
        dialogue(client, sock, requests, rng.choice((0, 0.02, 0.2)))
        if rng.random() < 0.4:
            sock.sendall(b"quit\r\n")
            sock.recv(100)
        elif rng.random() < 0.15:
            abort(sock)


# --- files ---

def ftp_get(client):
    address, rng = client.server("ftp"), client.rng
    names = [f"ftp://{address}/pub/file{rng.randint(0, 11)}.txt" for _ in range(rng.randint(1, 3))]
    if rng.random() < 0.5:
        names[0] = f"ftp://{address}/pub/"
    mode = rng.choice(([], [], ["-P", "-"], ["--disable-epsv"]))
    client.run("curl", "-s", *mode, *names)


def ftp_put(client):
    client.run("curl", "-s", "-T", f"{client.folder}/www/page{client.rng.randint(0, 23)}.html",
               f"ftp://{client.server('ftp')}/incoming/{client.rng.getrandbits(40):x}.txt")


def ftp_visit(client):
    """Looks around with pauses, over active or passive data connections."""
    with ftplib.FTP(client.server("ftp"), "anonymous", "guest@demo.example", timeout=15) as ftp:
        ftp.set_pasv(client.rng.random() < 0.6)
        ftp.cwd("pub")
        ftp.nlst()
        client.pause(0.4)
        ftp.retrbinary(f"RETR file{client.rng.randint(0, 11)}.txt", lambda block: None)


def ftp_archive(client):
    client.run("curl", "-s", f"ftp://{client.server('ftp')}/pub/archive.txt")


# --- names ---

def dns_query(client):
    rng = client.rng
    name = rng.choice(("www", "mail", "ftp", "nowhere", rng.choice(WORDS),
                       f"note{rng.randint(0, 19)}"))
    client.run("dig", "+tcp", f"@{client.server('dns', 0.15)}", f"{name}.demo.example",
               rng.choice(("A", "A", "AAAA", "TXT", "MX", "ANY")))


def dns_several(client):
    names = [f"{word}.demo.example" for word in client.rng.sample(WORDS, client.rng.randint(2, 5))]
    client.run("dig", "+tcp", "+keepopen", f"@{client.server('dns')}", *names)


def dns_transfer(client):
    client.run("dig", f"@{client.server('dns')}", "demo.example", "AXFR")


# --- messages ---

def mqtt_publish(client):
    rng, topic = client.rng, f"home/{client.rng.choice(WORDS[:6])}"
    values = [f"{rng.uniform(10, 30):.1f} {rng.choice(WORDS)}\n" for _ in range(rng.randint(1, 6))]
    command = ["mosquitto_pub", "-h", client.server("mqtt"), "-t", topic, "-q",
               str(rng.randint(0, 2))]
    if rng.random() < 0.5:
        client.run(*command, "-m", values[0].strip())
    else:
        client.run(*command, "-l", lines=values, pace_s=rng.choice((0.05, 0.3)))


def mqtt_subscribe(client):
    """Waits for a few messages, or until its time is up."""
    client.run("mosquitto_sub", "-h", client.server("mqtt"), "-t", "home/#", "-q", "1", "-C",
               str(client.rng.randint(1, 4)), "-W", str(client.rng.randint(2, 9)), "-k", "5")


def mqtt_killed(client):
    client.run("mosquitto_sub", "-h", client.server("mqtt"), "-t", "home/alpha",
               kill_after_s=1 + 3 * client.rng.random())


def irc(client):
    rng = client.rng
    nick = f"{rng.choice(WORDS)[:5]}{rng.randint(0, 999)}"
    requests = [f"NICK {nick}\r\nUSER {nick} 0 * :{nick}\r\n", "JOIN #demo\r\n"]
    requests += [f"PRIVMSG {nick} :{' '.join(rng.choices(WORDS, k=rng.randint(1, 12)))}\r\n"
                 for _ in range(rng.randint(0, 4))]
    with connect(client, "chat", 6667) as sock:
        with contextlib.suppress(socket.timeout):
            dialogue(client, sock, requests, 0.3)
        if rng.random() < 0.85:
            sock.sendall(b"QUIT :bye\r\n")
            with contextlib.suppress(OSError):
                while sock.recv(4096):
                    pass
        elif rng.random() < 0.5:
            abort(sock)


# --- database, mail ---

def sql(client, *statements, database="postgres", **options):
    commands = [part for statement in statements for part in ("-c", statement)]
    client.run("psql", "-X", "-A",
               f"host={client.server('sql')} user=demo dbname={database} sslmode=disable "
               "gssencmode=disable", *commands, **options)


def sql_query(client):
    rng = client.rng
    choices = (f"select * from item where id = {rng.randint(0, 59)}",
               f"select name, count(*) from item where id < {rng.randint(5, 60)} group by name",
               f"update item set price = price + 1 where id = {rng.randint(0, 59)}",
               "select now()", f"select * from item limit {rng.randint(3, 40)}",
               f"select pg_sleep({0.1 + rng.random() / 2:.2f})")
    sql(client, *rng.sample(choices, rng.choice((1, 1, 2, 3))))


def sql_wrong(client):
    sql(client, "select 1", database=client.rng.choice(("nothing", "other")))


def sql_killed(client):
    sql(client, "select pg_sleep(3)", kill_after_s=0.5 + client.rng.random())


def imap(client):
    rng = client.rng
    with imaplib.IMAP4(client.server("mail"), timeout=15) as mail:
        mail.login(rng.choice(("ann", "bob", "eve")), PASSWORD)
        mail.select("INBOX", readonly=rng.random() < 0.7)
        for _ in range(rng.choice((0, 1, 1, 2))):
            client.pause(0.25)
            what = rng.choice(("(BODY[HEADER])", "(FLAGS)", "(BODY[])", "(ENVELOPE)"))
            mail.fetch(str(rng.randint(1, 5)), what)
        if rng.random() < 0.3:
            mail.search(None, "SUBJECT", rng.choice(WORDS))


def imap_denied(client):
    """A wrong password; leaves before the server's answer, which comes after two seconds."""
    with contextlib.suppress(OSError, imaplib.IMAP4.error):
        mail = imaplib.IMAP4(client.server("mail"), timeout=0.9)
        mail.login("ann", "guess")


def imap_curl(client):
    client.run("curl", "-s", "-u", f"bob:{PASSWORD}",
               f"imap://{client.server('mail')}/INBOX;MAILINDEX={client.rng.randint(1, 5)}")


# --- knocking ---

def scan_closed(client):
    """Tries a few ports at which nobody listens."""
    service = client.rng.choice(("web", "ssh", "sql", "mail"))
    for port in client.rng.sample((23, 25, 110, 139, 445, 1433, 3306, 3389, 5900, 8443), 2):
        with contextlib.suppress(OSError):
            socket.create_connection((client.server(service), port), 2).close()


def scan_dark(client):
    """Tries a host that is not there: nothing answers, not even the second try."""
    with contextlib.suppress(OSError):
        socket.create_connection(("198.51.100.200", client.rng.choice((22, 80, 443))),
                                 client.rng.choice((0.8, 1.6, 3.5)))


def is_data_port(port):
    return port in FTP_PASSIVE


# How many sessions of each kind a recording holds; an FTP session has several flows.
SESSIONS = {
    http_browse: 112, http_idle: 34, http_form: 24, http_download: 5, http_give_up: 8,
    http_abort: 10, tls_browse: 64, tls_form: 10, tls_refuse: 8, ssh_command: 43, ssh_denied: 8,
    ssh_shell: 5, ssh_killed: 4, redis_one: 56, redis_many: 60, redis_load: 8, redis_killed: 6,
    memcached: 74, ftp_get: 35, ftp_put: 12, ftp_visit: 14, ftp_archive: 3, dns_query: 90,
    dns_several: 30, dns_transfer: 8, mqtt_publish: 68, mqtt_subscribe: 22, mqtt_killed: 4,
    irc: 61, sql_query: 72, sql_wrong: 6, sql_killed: 4, imap: 47, imap_denied: 4,
    imap_curl: 12, scan_closed: 14, scan_dark: 12,
}
