// Contexts: what files say, turned into OpenSSL's rules.
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <array>

#include "net/tls.h"
#include "weir/base/assert.h"

namespace weir::net {
namespace {

// Forward secrecy and AEAD only, which is also what HTTP/2 asks of TLS 1.2 (RFC 9113 §9.2.2).
constexpr const char* kTls12Ciphers =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
    "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";

constexpr unsigned char kH2[] = {2, 'h', '2'};
constexpr unsigned char kHttp1[] = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
constexpr unsigned char kH2OrHttp1[] = {2, 'h', '2', 8, 'h', 't', 't', 'p', '/', '1', '.', '1'};

Unexpected<Error> wrong(const std::string& what, const std::string& file, const char* remedy) {
  const unsigned long code = ERR_peek_last_error();
  const char* reason = code != 0 ? ERR_reason_error_string(code) : nullptr;
  std::string message = what + " '" + file + "' cannot be used";
  if (reason != nullptr) message += std::string(": ") + reason;
  ERR_clear_error();
  return Unexpected<Error>(Error{ErrorKind::kConfig, std::move(message), remedy});
}

SSL_CTX* make_native(const SSL_METHOD* method) {
  SSL_CTX* native = SSL_CTX_new(method);
  WEIR_ASSERT(native != nullptr);
  SSL_CTX_set_min_proto_version(native, TLS1_2_VERSION);
  SSL_CTX_set_options(native, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                  SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
  SSL_CTX_set_mode(native, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_read_ahead(native, 1);  // one read a turn, not two a record
  SSL_CTX_set_cipher_list(native, kTls12Ciphers);
  return native;
}

Expected<void> load_identity(SSL_CTX* native, const TlsIdentity& identity) {
  ERR_clear_error();
  if (SSL_CTX_use_certificate_chain_file(native, identity.certificate_file.c_str()) != 1)
    return wrong("the certificate", identity.certificate_file, "it must be a PEM file, own first");
  if (SSL_CTX_use_PrivateKey_file(native, identity.key_file.c_str(), SSL_FILETYPE_PEM) != 1)
    return wrong("the key", identity.key_file,
                 "it must be an unencrypted PEM file that belongs to the certificate");
  if (SSL_CTX_check_private_key(native) != 1)
    return wrong("the key", identity.key_file, "it does not belong to the certificate");
  return {};
}

int choose_protocol(SSL*, const unsigned char** out, unsigned char* out_size,
                    const unsigned char* in, unsigned in_size, void*) {
  unsigned char* chosen = nullptr;
  const int result =
      SSL_select_next_proto(&chosen, out_size, kH2OrHttp1, sizeof kH2OrHttp1, in, in_size);
  *out = chosen;
  return result == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

int choose_certificate(SSL* ssl, int*, void* context) {
  const char* name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
  if (name == nullptr) return SSL_TLSEXT_ERR_OK;
  SSL_CTX* chosen = static_cast<const TlsContext*>(context)->for_name(name);
  if (chosen != nullptr) SSL_set_SSL_CTX(ssl, chosen);
  return SSL_TLSEXT_ERR_OK;
}

int keep_session(SSL* ssl, SSL_SESSION* session) {
  auto* resumption = static_cast<TlsResumption*>(SSL_get_app_data(ssl));
  if (resumption == nullptr) return 0;
  resumption->keep(session);
  return 1;  // it is ours now
}

Expected<void> ask_for_certificates(SSL_CTX* native, const std::string& ca_file) {
  ERR_clear_error();
  if (SSL_CTX_load_verify_locations(native, ca_file.c_str(), nullptr) != 1)
    return wrong("the authority", ca_file, "it must be a PEM file of certificates");
  SSL_CTX_set_client_CA_list(native, SSL_load_client_CA_file(ca_file.c_str()));
  SSL_CTX_set_verify(native, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  return {};
}

void copy_ticket_keys(SSL_CTX* from, SSL_CTX* to) {
  std::array<unsigned char, 128> keys;
  const long size = SSL_CTX_get_tlsext_ticket_keys(from, nullptr, 0);
  WEIR_ASSERT(size > 0 && static_cast<size_t>(size) <= keys.size());
  SSL_CTX_get_tlsext_ticket_keys(from, keys.data(), size);
  SSL_CTX_set_tlsext_ticket_keys(to, keys.data(), size);
  OPENSSL_cleanse(keys.data(), keys.size());
}

}  // namespace

Expected<std::shared_ptr<const TlsContext>> TlsContext::server(const TlsServerOptions& options,
                                                               const TlsContext* before) {
  WEIR_ASSERT(!options.identities.empty());
  std::shared_ptr<TlsContext> made(new TlsContext);
  for (const TlsIdentity& identity : options.identities) {
    SSL_CTX* native = make_native(TLS_server_method());
    made->contexts_.push_back(native);
    if (const auto loaded = load_identity(native, identity); !loaded)
      return Unexpected<Error>(loaded.error());
    if (!options.client_ca_file.empty()) {
      const auto asked = ask_for_certificates(native, options.client_ca_file);
      if (!asked) return Unexpected<Error>(asked.error());
    }
    constexpr unsigned char kSessionContext[] = "weir";
    SSL_CTX_set_session_id_context(native, kSessionContext, sizeof kSessionContext - 1);
    // Tickets carry the state, so that no table of sessions has to be shared between loops.
    SSL_CTX_set_session_cache_mode(native, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_num_tickets(native, 1);
    SSL_CTX_set_alpn_select_cb(native, choose_protocol, nullptr);
    SSL_CTX_set_tlsext_servername_callback(native, choose_certificate);
    SSL_CTX_set_tlsext_servername_arg(native, made.get());
    SSL_CTX* const keys = before != nullptr ? before->native() : made->native();
    if (keys != native) copy_ticket_keys(keys, native);
  }
  return std::shared_ptr<const TlsContext>(std::move(made));
}

Expected<std::shared_ptr<const TlsContext>> TlsContext::client(const TlsClientOptions& options) {
  std::shared_ptr<TlsContext> made(new TlsContext);
  SSL_CTX* native = make_native(TLS_client_method());
  made->contexts_.push_back(native);
  ERR_clear_error();
  if (options.ca_file.empty()) {
    SSL_CTX_set_default_verify_paths(native);
  } else if (SSL_CTX_load_verify_locations(native, options.ca_file.c_str(), nullptr) != 1) {
    return wrong("the authority", options.ca_file, "it must be a PEM file of certificates");
  }
  if (!options.identity.certificate_file.empty()) {
    const auto loaded = load_identity(native, options.identity);
    if (!loaded) return Unexpected<Error>(loaded.error());
  }
  SSL_CTX_set_verify(native, options.verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nullptr);
  SSL_CTX_set_session_cache_mode(native, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(native, keep_session);
  if (options.h2) {
    SSL_CTX_set_alpn_protos(native, kH2, sizeof kH2);
  } else {
    SSL_CTX_set_alpn_protos(native, kHttp1, sizeof kHttp1);
  }
  return std::shared_ptr<const TlsContext>(std::move(made));
}

TlsContext::~TlsContext() {
  for (SSL_CTX* native : contexts_) SSL_CTX_free(native);
}

ssl_ctx_st* TlsContext::for_name(const char* name) const noexcept {
  for (SSL_CTX* native : contexts_) {
    X509* certificate = SSL_CTX_get0_certificate(native);
    if (certificate != nullptr && X509_check_host(certificate, name, 0, 0, nullptr) == 1)
      return native;
  }
  return nullptr;
}

}  // namespace weir::net
