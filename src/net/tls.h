// TLS over sockets, by OpenSSL 3: who we are, whom we trust, and one connection's state. Nothing
// here logs; errors never hold key material.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "net/socket.h"
#include "weir/base/expected.h"

struct ssl_ctx_st;
struct ssl_st;
struct ssl_session_st;

namespace weir::net {

/// A certificate chain and its key, in PEM files.
struct TlsIdentity {
  std::string certificate_file;
  std::string key_file;
};

struct TlsServerOptions {
  /// The first serves callers that name no server, or one that no certificate is for.
  std::vector<TlsIdentity> identities;
  /// Callers must show a certificate signed by one of these; empty: none is asked for.
  std::string client_ca_file;
};

struct TlsClientOptions {
  /// Whom to trust; empty: the system's store.
  std::string ca_file;
  /// What we show when asked; both files empty: nothing.
  TlsIdentity identity;
  /// Off only for tests: anybody could be in the middle.
  bool verify = true;
  bool h2 = false;  ///< ALPN "h2", else "http/1.1"
};

/// Certificates, keys and rules. Constant after construction and safe to share between threads:
/// TLS 1.2 and 1.3, no renegotiation, no compression, forward-secret AEAD ciphers only.
class TlsContext {
 public:
  /// Errors: kConfig, naming the file and what is wrong with it. `before` hands its session
  /// tickets' keys on, so that a reload does not end resumption.
  static Expected<std::shared_ptr<const TlsContext>> server(const TlsServerOptions& options,
                                                            const TlsContext* before = nullptr);
  static Expected<std::shared_ptr<const TlsContext>> client(const TlsClientOptions& options);

  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;
  ~TlsContext();

  ssl_ctx_st* native() const noexcept { return contexts_.front(); }
  /// The context whose certificate is for that name, or null.
  ssl_ctx_st* for_name(const char* name) const noexcept;

 private:
  TlsContext() = default;
  std::vector<ssl_ctx_st*> contexts_;  // one an identity
};

/// The session of the last connection to one endpoint, so that the next one resumes it. Not
/// thread-safe; must outlive the connections that use it.
class TlsResumption {
 public:
  TlsResumption() = default;
  TlsResumption(const TlsResumption&) = delete;
  TlsResumption& operator=(const TlsResumption&) = delete;
  ~TlsResumption();

  void keep(ssl_session_st* session) noexcept;
  ssl_session_st* session() const noexcept { return session_; }

 private:
  ssl_session_st* session_ = nullptr;
};

enum class TlsStep : uint8_t {
  kDone,
  kAgain,   ///< an event must come first
  kFailed,  ///< see TlsSession::error()
};

/// One connection's TLS. Follows the contract of read_some and write_some, so that a reader of an
/// edge-triggered socket need not know. At most one record (16 KiB) of output waits inside. Not
/// thread-safe, not movable: OpenSSL points back.
class TlsSession {
 public:
  /// The server's end.
  TlsSession(std::shared_ptr<const TlsContext> context, int fd);
  /// The client's end: `host` is verified, and sent as SNI unless it is an address.
  TlsSession(std::shared_ptr<const TlsContext> context, int fd, const std::string& host,
             TlsResumption& resumption);
  TlsSession(const TlsSession&) = delete;
  TlsSession& operator=(const TlsSession&) = delete;
  ~TlsSession();

  TlsStep handshake();
  /// After the handshake: "h2", "http/1.1", or empty when none was agreed on.
  std::string_view protocol() const noexcept;
  bool resumed() const noexcept;

  IoResult read(std::span<char> room);
  /// What was taken will be sent, but perhaps not yet: see pending().
  IoResult write(std::span<const iovec> pieces);
  /// Output waits for the socket; write() again, perhaps nothing, when it is writable.
  bool pending() const noexcept { return !output_.empty(); }
  /// Says that we send no more (close_notify).
  void finish();

  /// Why the handshake failed, such as "certificate verify failed: self-signed certificate".
  const std::string& error() const noexcept { return error_; }

 private:
  friend struct TlsBio;
  void attach();
  bool flush_output() noexcept;
  void note_error();

  std::shared_ptr<const TlsContext> context_;
  ssl_st* ssl_ = nullptr;
  const int fd_;
  std::string output_;  // encrypted, not yet sent
  std::string error_;
  int socket_error_ = 0;
};

}  // namespace weir::net
