# A small web server: package, account, site, service and cron line.
package { 'nginx-light':
  ensure => installed,
}

group { 'web':
  ensure => present,
  gid    => 7080,
}

user { 'web':
  ensure => present,
  uid    => 7080,
  gid    => 'web',
  home   => '/srv/web',
  shell  => '/usr/sbin/nologin',
}

file { '/srv/web':
  ensure => directory,
  owner  => 'web',
  group  => 'web',
  mode   => '0755',
}

file { '/srv/web/index.html':
  owner   => 'web',
  group   => 'web',
  mode    => '0644',
  content => "hello from the web server\n",
}

file { '/etc/nginx/sites-available/web':
  owner   => 'root',
  group   => 'root',
  mode    => '0644',
  content => "server {\n\tlisten 8080;\n\troot /srv/web;\n}\n",
  require => Package['nginx-light'],
  notify  => Service['nginx'],
}

file { '/etc/nginx/sites-enabled/web':
  ensure  => link,
  target  => '/etc/nginx/sites-available/web',
  require => Package['nginx-light'],
  notify  => Service['nginx'],
}

file { '/etc/nginx/sites-enabled/default':
  ensure  => absent,
  require => Package['nginx-light'],
  notify  => Service['nginx'],
}

service { 'nginx':
  ensure => running,
  enable => true,
}

file { '/etc/cron.d/web':
  owner   => 'root',
  group   => 'root',
  mode    => '0644',
  content => "17 3 * * * web touch /srv/web/nightly\n",
}
