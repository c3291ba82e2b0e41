#!/bin/sh
# converge.sh: makes a Debian the web server that spec/ describes, and says what it
# changed. Run again it changes nothing and says nothing. It wants root, and the
# folder site beside it.
set -eu
cd "$(dirname "$0")"

changed() { echo "converge: $*"; }

# put FILE: FILE is what site/FILE's last part is, and anybody may read it.
put() {
	from=site/${1##*/}
	[ -f "$1" ] && cmp -s "$from" "$1" && [ "$(stat -c '%a %U %G' "$1")" = "644 $owner $owner" ] && return
	install -D -m 644 -o "$owner" -g "$owner" "$from" "$1"
	changed "wrote $1"
	reload=yes
}

# What follows has to be there before.
if ! dpkg-query -W -f '${db:Status-Abbrev}' nginx 2>/dev/null | grep -q '^.i'; then
	apt-get update
	DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends nginx
	changed "installed nginx"
fi
if ! id publisher >/dev/null 2>&1; then
	useradd --system --no-create-home --home-dir /srv/www --shell /usr/sbin/nologin publisher
	changed "made the account publisher"
fi

reload=no
owner=root
put /etc/nginx/sites-available/shop.conf
if [ "$(readlink /etc/nginx/sites-enabled/shop.conf || true)" != ../sites-available/shop.conf ]; then
	ln -sfn ../sites-available/shop.conf /etc/nginx/sites-enabled/shop.conf
	changed "enabled the site"
	reload=yes
fi
# Debian's own welcome page would answer in its place.
if [ -L /etc/nginx/sites-enabled/default ]; then
	rm /etc/nginx/sites-enabled/default
	changed "disabled Debian's site"
	reload=yes
fi
owner=publisher
if [ ! -d /srv/www ] || [ "$(stat -c '%a %U' /srv/www)" != "755 publisher" ]; then
	install -d -m 755 -o publisher -g publisher /srv/www
	changed "made /srv/www"
fi
put /srv/www/index.html

nginx -t -q
# Where systemd runs, nginx is its service; in an image it is the image's command.
if [ -d /run/systemd/system ]; then
	systemctl is-enabled --quiet nginx || { systemctl enable --quiet nginx && changed "enabled the service"; }
	systemctl is-active --quiet nginx || { systemctl start nginx && changed "started the service"; }
	[ $reload = no ] || { systemctl reload nginx && changed "reloaded the service"; }
fi
