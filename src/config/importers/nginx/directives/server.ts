// Servers, listeners, certificates and limits, and everything that a proxy does not need.
import { type DirectiveRow, missing, translated, unneeded } from '../../directive-table.ts';

/** The directives of this file, and those of modules that have no file of their own. */
export const SERVER_ROWS: readonly DirectiveRow[] = [
  ...translated('http events server', 'sites'),
  ...translated('listen', 'listen'),
  ...translated('http2', 'nothing', 'clients always get HTTP/2 if they want it'),
  ...translated('server_name', 'the key of the site'),
  ...translated('location', 'the key of the mount', 'patterns that are no subtrees or exact paths are reported'),
  ...translated('include', 'nothing', 'the file is read in place'),
  ...translated(
    'rewrite return if set break',
    'redirect, respond, the base of proxy or files',
    'where they replace a prefix',
  ),
  ...translated('map', 'nothing', 'where its variable is used and known'),
  ...translated('ssl_certificate ssl_certificate_key', 'tls', 'where there is that feature; an error otherwise'),
  ...translated('set_real_ip_from', 'trust'),
  ...translated('access_log', 'log', 'of a whole server; lines of a form of their own become combined ones'),
  ...translated('keepalive_timeout', 'timeouts.idle'),
  ...translated('client_header_timeout', 'timeouts.head'),
  ...translated('client_body_timeout', 'timeouts.body'),
  ...translated('send_timeout', 'timeouts.response'),
  ...translated('worker_connections', 'limits.connections'),
  ...unneeded('real_ip_header real_ip_recursive', 'trust decides for all forwarding headers together'),
  ...unneeded(
    'user pid daemon master_process worker_processes worker_cpu_affinity worker_priority worker_rlimit_nofile worker_rlimit_core worker_shutdown_timeout working_directory timer_resolution lock_file load_module env pcre_jit thread_pool ssl_engine debug_points use multi_accept accept_mutex accept_mutex_delay debug_connection worker_aio_requests',
    'it is a matter of the service manager or of the program itself',
  ),
  ...unneeded(
    'error_log log_format open_log_file_cache rewrite_log log_subrequest',
    'the log goes to standard output; see log in the manual',
  ),
  ...unneeded(
    'server_tokens server_name_in_redirect port_in_redirect absolute_redirect msie_padding msie_refresh underscores_in_headers ignore_invalid_headers merge_slashes recursive_error_pages chunked_transfer_encoding lingering_close lingering_time lingering_timeout reset_timedout_connection request_pool_size connection_pool_size postpone_output send_lowat keepalive_requests keepalive_time keepalive_disable client_body_buffer_size client_body_in_file_only client_body_in_single_buffer client_body_temp_path client_header_buffer_size large_client_header_buffers subrequest_output_buffer_size server_names_hash_max_size server_names_hash_bucket_size variables_hash_max_size variables_hash_bucket_size map_hash_max_size map_hash_bucket_size proxy_headers_hash_max_size uninitialized_variable_warn resolver resolver_timeout http2_max_concurrent_streams http2_push http2_push_preload http2_recv_buffer_size http2_body_preread_size http2_chunk_size http2_idle_timeout http2_max_field_size http2_max_header_size http2_max_requests http2_recv_timeout',
    'the defaults here do the right thing',
  ),
  ...unneeded(
    'ssl ssl_protocols ssl_ciphers ssl_prefer_server_ciphers ssl_session_cache ssl_session_timeout ssl_session_tickets ssl_session_ticket_key ssl_dhparam ssl_ecdh_curve ssl_stapling ssl_stapling_verify ssl_stapling_file ssl_stapling_responder ssl_trusted_certificate ssl_buffer_size ssl_early_data ssl_conf_command ssl_reject_handshake ssl_password_file',
    'TLS uses the safe settings of Node.js',
  ),
  ...missing(
    'ssl_verify_client ssl_client_certificate ssl_verify_depth ssl_crl',
    'error',
    'client certificates are not asked for, so everybody would get in',
    'leave such a site to a server that checks them',
  ),
  ...missing(
    'geo split_clients geoip_country geoip_city perl_set js_set js_import set_by_lua set_by_lua_block',
    'warning',
    'the variables that it sets have no value here',
    'see what they are used for',
  ),
  ...unneeded(
    'slice client_body_early_read aio_write http2_max_concurrent_pushes http2_pool_size http2_streams_index_size open_file_cache_events referer_hash_bucket_size referer_hash_max_size ancient_browser ancient_browser_value modern_browser modern_browser_value ssl_ech_file early_hints keepalive_min_timeout max_headers http3 http3_hq http3_max_concurrent_streams http3_stream_buffer_size quic_active_connection_id_limit quic_bpf quic_gso quic_host_key quic_retry ssl_object_cache_inheritable ssl_certificate_cache ssl_certificate_compression epoll_events acceptex_read devpoll_changes devpoll_events kqueue_changes kqueue_events connections post_acceptex eventport_events google_perftools_profiles',
    'the defaults here do the right thing',
  ),
  ...missing(
    'ssl_ocsp ssl_ocsp_cache ssl_ocsp_responder',
    'error',
    'the revocation of client certificates is not looked up',
    'leave such a site to a server that checks it',
  ),
  ...missing(
    'sticky least_time post_action auth_delay add_header_inherit add_trailer_inherit',
    'warning',
    'nothing here does this',
    'do it in the backend',
  ),
  ...missing('stream mail', 'error', 'only HTTP is forwarded', 'leave that to a server that forwards other protocols'),
  ...missing(
    'fastcgi_pass uwsgi_pass scgi_pass memcached_pass tunnel_pass stub_status dav_methods flv mp4 empty_gif perl content_by_lua_block content_by_lua_file js_content access_by_lua_block rewrite_by_lua_block header_filter_by_lua_block body_filter_by_lua_block log_by_lua_block init_by_lua_block',
    'error',
    'this is answered by something other than an HTTP server',
    'put an HTTP server before it and proxy to that',
  ),
  ...unneeded(
    'fastcgi_param fastcgi_index fastcgi_split_path_info fastcgi_buffers fastcgi_buffer_size fastcgi_busy_buffers_size fastcgi_read_timeout fastcgi_send_timeout fastcgi_connect_timeout fastcgi_intercept_errors fastcgi_hide_header fastcgi_keep_conn fastcgi_request_buffering fastcgi_temp_path uwsgi_param uwsgi_temp_path uwsgi_read_timeout scgi_param scgi_temp_path lua_package_path lua_shared_dict dav_access create_full_put_path min_delete_depth',
    'it belongs to a module that has no equal here',
  ),
];

/** Families of directives of modules that we have nothing for; their handlers have rows of their own. */
const FOREIGN_FAMILIES =
  /^(?:fastcgi|uwsgi|scgi|memcached|tunnel|xslt|image_filter|mp4|perl|userid|geoip|ssi|xml|dav|lua)_/;

/** The row for a directive that is only known by its family. */
export function familyRow(name: string): DirectiveRow | undefined {
  if (!FOREIGN_FAMILIES.test(name)) return undefined;
  return { name, fate: 'unneeded', note: 'it belongs to a module that has no equal here' };
}
