#!/usr/bin/env python3
"""Rebuilds ../src/matching/phrases.txt, sequences of words that the messages of many unrelated programs share, and
names.txt beside it, identifiers that many have.

Usage: phrases.py [FOLDER]        on Debian, with apt-get, dpkg-deb and unzip; FOLDER keeps the downloads (2 GB)

The texts are the strings inside the packages listed below: servers, tools and libraries in C, C++, Go, Java, Python,
Perl, Ruby, PHP, JavaScript, Rust and Erlang. A sequence of two or three words counts once for a package, whatever the
number of its strings. Those of at least LEAST_PAIR or LEAST_TRIPLE packages are written, one a line, in alphabetical order;
so are the identifiers of at least LEAST_NAME packages, in lower case and without underscores at their ends.
"""
import collections, concurrent.futures, os, re, subprocess, sys, tempfile, zipfile

PACKAGES = """
acl acmetool amanda-server ansible-core apache2-bin apt apt-cacher-ng aria2 at-spi2-core atop attr audit auditd autofs
avahi-daemon awscli bacula-director-pgsql bind9 bind9-libs borgbackup btrfs-progs buildah bundler busybox caddy cargo
celery certbot chrony cloud-init cockpit-bridge collectd-core composer conntrack consul containerd coreutils cron
cryptsetup-bin cups-daemon curl dbus default-jre-headless distcc dnsmasq-base docker-registry docker.io dovecot-core dpkg
drbd-utils duplicity e2fsprogs elixir emacs-common erlang-base etcd-client etcd-server ethtool exim4-daemon-light
fail2ban freeradius gdb git git-lfs glusterfs-server gnupg gnutls-bin golang-1.19-go gunicorn haproxy heartbeat httpie
hugo icinga2-bin incus influxdb iproute2 iptables ipvsadm jq kdump-tools keepalived knot kubernetes-client krb5-kdc
ldap-utils libactivemq-java libapt-pkg6.0 libaws-sdk-core-java libc6 libcassandra-client-java libcephfs2
libcommons-httpclient-java libcurl4 libdbd-pg-perl libdbi-perl libgnutls30 libgrpc++1.51 libgssapi-krb5-2
libhibernate-validator-java libhttpclient-java libjedis-java libjetty9-java libkafka-clients-java libldap-2.5-0
liblwp-protocol-https-perl libmariadb3 libmongoc-1.0-0 libmysql-java libnetty-java libnode108 libnss3 libpam-modules
libpostgresql-jdbc-java libpq5 libpython3.11-stdlib librabbitmq4 librdkafka1 libruby3.1 libsasl2-2 libspring-core-java
libsqlite3-0 libssh2-1 libssl3 libtomcat9-java libvirt-daemon libvirt0 libwebsockets17 libxml2 libzmq5 logrotate
lighttpd lxc lxd lvm2 mailman3 mariadb-client-core mariadb-server-core maven mdadm memcached minidlna mono-mcs
libmono-corlib4.5-cil libmono-system4.0-cil libmono-system-data4.0-cil mosquitto mount multipath-tools mutt
network-manager nfs-common nftables nginx nodejs nomad npm ntpsec nut-server open-iscsi openjdk-17-jre-headless
openldap-utils openssh-client openssh-server openssl openvpn pacemaker patroni perl-base perl-modules-5.36 pgbackrest
pgbouncer phpmyadmin php8.2-cli php8.2-common php8.2-curl php8.2-mysql php-symfony-http-client pip podman
postfix postgresql-15 postgresql-client-15 powerdns-recursor prometheus prometheus-alertmanager
prometheus-blackbox-exporter prometheus-node-exporter proftpd-core puppet-agent pure-ftpd python3-boto3 python3-botocore
python3-cryptography python3-django python3-docker python3-flask python3-kafka python3-kubernetes python3-ldap3
python3-mysqldb python3-openstackclient python3-paramiko python3-pip python3-psycopg2 python3-pymongo python3-redis
python3-requests python3-sqlalchemy python3-tornado python3-twisted python3-urllib3 qemu-utils quota rabbitmq-server
rails rclone redis-server redis-tools restic rpcbind rsync rsyslog ruby-mysql2 ruby-net-ssh ruby-pg runc salt-common
samba samba-libs screen shadowsocks-libev skopeo slapd smartmontools snapd snmpd sqlite3 squid sssd-common
strongswan-charon strongswan-libcharon stunnel4 sudo supervisor syncthing syslog-ng-core systemd systemd-container
tcpdump telnet tinyproxy tomcat9-common tor traceroute udev ufw unbound util-linux uwsgi-core varnish vim-runtime
vsftpd wget wireguard-tools xfsprogs yarnpkg zabbix-agent zabbix-server-pgsql zfsutils-linux zookeeper zsh-common
""".split()
LEAST_PAIR, LEAST_TRIPLE, LEAST_NAME = 8, 4, 6
WORD = re.compile(r"[a-z]+(?:'[a-z]+)?")
QUOTED = re.compile(r'"((?:[^"\\\n]|\\.){8,300})"|\'((?:[^\'\\\n]|\\.){8,300})\'')
PRINTABLE = re.compile(rb'[\x20-\x7e]{8,}')
WIDE = re.compile(rb'(?:[\x20-\x7e]\x00){8,}')
# What a formatter replaces, a path, an address: a value ends a sequence.
VALUE = re.compile(r'%[-+ #0-9.*]*[a-zA-Z]|\{[^}]{0,40}\}|\$\w+|[\w.-]*/[\w./-]+|\w*\d[\w.:-]*')
IDENTIFIER = re.compile(r'(?<![A-Za-z0-9_/.$-])[A-Za-z_][A-Za-z0-9_]{4,40}(?![A-Za-z0-9_])')
SOURCE = ('.py', '.rb', '.js', '.mjs', '.pl', '.pm', '.php', '.sh', '.ex', '.erl', '.lua', '.tcl', '.properties', '.yml')


def texts(path, name, data):
    """The strings of a file."""
    if name.endswith(('.jar', '.war', '.zip')):
        try:
            with zipfile.ZipFile(path) as packed:
                for entry in packed.infolist():
                    if entry.filename.endswith(('.class', '.properties')) and entry.file_size < 1 << 20:
                        yield from texts(None, entry.filename, packed.read(entry))
        except (zipfile.BadZipFile, NotImplementedError, OSError):
            pass
    elif name.endswith('.properties'):
        for line in data.decode('utf-8', 'replace').splitlines():
            yield line.partition('=')[2]
    elif name.endswith(SOURCE) or data[:2] == b'#!':
        for found in QUOTED.finditer(data.decode('utf-8', 'replace')):
            yield found.group(1) or found.group(2)
    elif data[:4] in (b'\x7fELF', b'\xca\xfe\xba\xbe', b'\xda\xda\xfe\xca') or data[:2] == b'MZ' or name.endswith(('.beam', '.a', '.rlib')):
        for found in PRINTABLE.finditer(data):
            yield found.group().decode()
        if data[:2] == b'MZ':
            for found in WIDE.finditer(data):
                yield found.group()[::2].decode()


def sequences(text):
    """The two and three words in a row of a text."""
    for part in re.split(r'[.:;,()\[\]"`|\t\n]|\\[nt]', VALUE.sub('.', text)):
        words = WORD.findall(part.lower())
        if len(words) > 400:
            continue
        for at in range(len(words) - 1):
            yield ' '.join(words[at:at + 2])
            if at + 2 < len(words):
                yield ' '.join(words[at:at + 3])


def names(text):
    """The identifiers of a text: with underscores, in camel case, or in capitals."""
    for name in IDENTIFIER.findall(text):
        bare = name.strip('_')
        if len(bare) >= 5 and ('_' in bare or bare.isupper() or re.search('[a-z][A-Z]|[A-Z]{2}[a-z]', bare)):
            yield bare.lower()


def package(name, folder):
    """The sequences and the identifiers of a package; none for one that this release of Debian lacks."""
    held = [f for f in os.listdir(folder) if f.startswith(name + '_')]
    if not held:
        got = subprocess.run(['apt-get', 'download', '-q', name], cwd=folder, capture_output=True)
        held = [f for f in os.listdir(folder) if f.startswith(name + '_')]
        if got.returncode or not held:
            return None
    found, named = set(), set()
    with tempfile.TemporaryDirectory() as files:
        subprocess.run(['dpkg-deb', '-x', os.path.join(folder, held[0]), files], check=True)
        for place, _, names in os.walk(files):
            if '/share/doc' in place or '/share/man' in place or '/locale' in place:
                continue
            for file in names:
                path = os.path.join(place, file)
                if os.path.islink(path) or not os.path.isfile(path) or os.path.getsize(path) > 200 << 20:
                    continue
                with open(path, 'rb') as opened:
                    data = opened.read()
                for text in texts(path, file, data):
                    found.update(sequences(text))
                    named.update(names(text))
    return found, named


def main():
    folder = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else tempfile.mkdtemp())
    os.makedirs(folder, exist_ok=True)
    count, named, packages = collections.Counter(), collections.Counter(), 0
    with concurrent.futures.ProcessPoolExecutor(os.cpu_count()) as pool:
        for name, found in zip(PACKAGES, pool.map(package, PACKAGES, [folder] * len(PACKAGES))):
            if found is None:
                print(f'{name}: not in this release', file=sys.stderr)
                continue
            packages += 1
            count.update(found[0])
            named.update(found[1])
    write('phrases.txt', (phrase for phrase, times in count.items() if times >= (LEAST_PAIR if phrase.count(' ') == 1 else LEAST_TRIPLE)))
    write('names.txt', (name for name, times in named.items() if times >= LEAST_NAME))
    print(f'read {packages} packages', file=sys.stderr)


def write(name, kept):
    """Writes a list beside the code that reads it."""
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), '../src/matching', name), 'w') as out:
        out.writelines(line + '\n' for line in sorted(kept))


if __name__ == '__main__':
    main()
