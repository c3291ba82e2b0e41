require 'json'
require 'serverspec'

if ENV['HUNDRED_SSH_HOST']
  require 'net/ssh'
  set :backend, :ssh
  set :host, ENV['HUNDRED_SSH_HOST']
  set :ssh_options, user: ENV['HUNDRED_SSH_USER'], port: ENV['HUNDRED_SSH_PORT'].to_i,
                    keys: [ENV['HUNDRED_SSH_IDENTITY']], keys_only: true, config: false,
                    user_known_hosts_file: [ENV['HUNDRED_SSH_KNOWN_HOSTS']], global_known_hosts_file: [],
                    verify_host_key: :always
  set :disable_sudo, true
else
  set :backend, :exec
end

has = JSON.parse(File.read(ENV['HUNDRED_LIST']))

has['packages'].each { |n| describe(package(n)) { it { should be_installed } } }
has['regular'].each { |p| describe(file(p)) { it { should be_file } } }
has['directories'].each { |p| describe(file(p)) { it { should be_directory } } }
has['mode0644'].each { |p| describe(file(p)) { it { should be_mode 644 } } }
has['root'].each { |p| describe(file(p)) { it { should be_owned_by 'root' } } }
ENV['HUNDRED_PORTS'].split.each { |n| describe(port(n.to_i)) { it { should be_listening } } }
has['users'].each { |n| describe(user(n)) { it { should exist } } }
has['groups'].each { |n| describe(group(n)) { it { should exist } } }
has['processes'].each { |n| describe(process(n)) { it { should be_running } } }
has['commands'].each { |c| describe(command(c)) { its(:exit_status) { should eq 0 } } }
