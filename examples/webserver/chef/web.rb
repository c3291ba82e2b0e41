# A small web server: package, account, site, service and cron line.
package 'nginx-light'

group 'web' do
  gid 7080
end

user 'web' do
  uid 7080
  gid 'web'
  home '/srv/web'
  manage_home false
  shell '/usr/sbin/nologin'
end

directory '/srv/web' do
  owner 'web'
  group 'web'
  mode '755'
end

file '/srv/web/index.html' do
  owner 'web'
  group 'web'
  mode '644'
  content "hello from the web server\n"
end

file '/etc/nginx/sites-available/web' do
  owner 'root'
  group 'root'
  mode '644'
  content "server {\n\tlisten 8080;\n\troot /srv/web;\n}\n"
  notifies :reload, 'service[nginx]'
end

link '/etc/nginx/sites-enabled/web' do
  to '/etc/nginx/sites-available/web'
  notifies :reload, 'service[nginx]'
end

file '/etc/nginx/sites-enabled/default' do
  action :delete
  notifies :reload, 'service[nginx]'
end

service 'nginx' do
  action [:enable, :start]
end

file '/etc/cron.d/web' do
  owner 'root'
  group 'root'
  mode '644'
  content "17 3 * * * web touch /srv/web/nightly\n"
end
