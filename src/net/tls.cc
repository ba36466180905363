#include "net/tls.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "weir/base/assert.h"

namespace weir::net {
namespace {

constexpr size_t kRecordBytesMax = 16 * 1024;
// Ciphertext up to this size is gathered and sent in one call with what follows; larger pieces are
// sent at once, which saves a copy.
constexpr size_t kGatherMax = 4 * 1024;

}  // namespace

// How OpenSSL reaches the socket: without SIGPIPE, and without ever leaving a record half written,
// which OpenSSL would want to be offered again with the same bytes.
struct TlsBio {
  static TlsSession& session(BIO* bio) noexcept {
    return *static_cast<TlsSession*>(BIO_get_data(bio));
  }

  static int write(BIO* bio, const char* data, int size) noexcept {
    TlsSession& self = session(bio);
    BIO_clear_retry_flags(bio);
    std::string_view bytes(data, static_cast<size_t>(size));
    if (self.output_.empty() && bytes.size() > kGatherMax) {
      const IoResult result = write_some(self.fd_, std::span(bytes.data(), bytes.size()));
      if (result.status == IoStatus::kError) {
        self.socket_error_ = result.error;
        return -1;
      }
      bytes.remove_prefix(result.bytes);
    }
    self.output_ += bytes;
    return size;
  }

  static int read(BIO* bio, char* data, int size) noexcept {
    TlsSession& self = session(bio);
    BIO_clear_retry_flags(bio);
    const IoResult result = read_some(self.fd_, std::span(data, static_cast<size_t>(size)));
    switch (result.status) {
      case IoStatus::kOk: return static_cast<int>(result.bytes);
      case IoStatus::kWouldBlock: BIO_set_retry_read(bio); return -1;
      case IoStatus::kEnd: return 0;
      case IoStatus::kError: self.socket_error_ = result.error; return -1;
    }
    return -1;
  }

  static long control(BIO*, int command, long, void*) noexcept {
    return command == BIO_CTRL_FLUSH ? 1 : 0;
  }

  static int create(BIO* bio) noexcept {
    BIO_set_init(bio, 1);
    return 1;
  }

  static const BIO_METHOD* method() {
    static BIO_METHOD* const made = [] {
      BIO_METHOD* table = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "weir socket");
      WEIR_ASSERT(table != nullptr);
      BIO_meth_set_write(table, write);
      BIO_meth_set_read(table, read);
      BIO_meth_set_ctrl(table, control);
      BIO_meth_set_create(table, create);
      return table;
    }();
    return made;
  }
};

TlsSession::TlsSession(std::shared_ptr<const TlsContext> context, int fd)
    : context_(std::move(context)), ssl_(SSL_new(context_->native())), fd_(fd) {
  attach();
  SSL_set_accept_state(ssl_);
}

TlsSession::TlsSession(std::shared_ptr<const TlsContext> context, int fd, const std::string& host,
                       TlsResumption& resumption)
    : context_(std::move(context)), ssl_(SSL_new(context_->native())), fd_(fd) {
  attach();
  SSL_set_connect_state(ssl_);
  SSL_set_app_data(ssl_, &resumption);
  X509_VERIFY_PARAM* rules = SSL_get0_param(ssl_);
  if (X509_VERIFY_PARAM_set1_ip_asc(rules, host.c_str()) != 1) {
    SSL_set_hostflags(ssl_, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    SSL_set1_host(ssl_, host.c_str());
    SSL_set_tlsext_host_name(ssl_, host.c_str());
  }
  if (resumption.session() != nullptr) SSL_set_session(ssl_, resumption.session());
}

void TlsSession::attach() {
  WEIR_ASSERT(ssl_ != nullptr);
  BIO* bio = BIO_new(TlsBio::method());
  WEIR_ASSERT(bio != nullptr);
  BIO_set_data(bio, this);
  SSL_set_bio(ssl_, bio, bio);
}

TlsSession::~TlsSession() {
  // Without this OpenSSL takes the session for broken and resumes it no more.
  SSL_set_shutdown(ssl_, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
  SSL_free(ssl_);
}

TlsStep TlsSession::handshake() {
  ERR_clear_error();
  const int result = SSL_do_handshake(ssl_);
  const bool failed = result != 1 && SSL_get_error(ssl_, result) != SSL_ERROR_WANT_READ;
  if (failed) note_error();
  if (!flush_output() && socket_error_ != 0) return TlsStep::kFailed;
  if (failed) return TlsStep::kFailed;  // after the alert went out
  return result == 1 ? TlsStep::kDone : TlsStep::kAgain;
}

void TlsSession::note_error() {
  const long verdict = SSL_get_verify_result(ssl_);
  const unsigned long code = ERR_peek_last_error();
  if (code != 0) {
    const char* reason = ERR_reason_error_string(code);
    error_ = reason != nullptr ? reason : "TLS error " + std::to_string(code);
  } else {
    error_ = socket_error_ != 0 ? describe_errno(socket_error_) : "the peer closed the connection";
  }
  if (verdict != X509_V_OK) error_ += std::string(": ") + X509_verify_cert_error_string(verdict);
}

std::string_view TlsSession::protocol() const noexcept {
  const unsigned char* name = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(ssl_, &name, &size);
  return {reinterpret_cast<const char*>(name), size};
}

bool TlsSession::resumed() const noexcept {
  return SSL_session_reused(ssl_) == 1;
}

// Reads until the room is full or the socket is empty, as read_some's callers expect.
IoResult TlsSession::read(std::span<char> room) {
  ERR_clear_error();
  IoResult result;
  while (result.bytes < room.size()) {
    size_t got = 0;
    const std::span<char> left = room.subspan(result.bytes);
    if (SSL_read_ex(ssl_, left.data(), left.size(), &got) == 1) {
      result.bytes += got;
      continue;
    }
    const int error = SSL_get_error(ssl_, 0);
    if (!flush_output() && socket_error_ != 0) break;  // answers to key updates
    if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) {
      result.status = result.bytes > 0 ? IoStatus::kOk : IoStatus::kWouldBlock;
      return result;
    }
    result.more = true;  // the end, or the error, is told by the next call
    if (result.bytes > 0) return result;
    // A connection that ends without close_notify may have been cut off by somebody in between.
    result.status = error == SSL_ERROR_ZERO_RETURN ? IoStatus::kEnd : IoStatus::kError;
    result.error = socket_error_ != 0 ? socket_error_ : ECONNRESET;
    return result;
  }
  return result;
}

// True when nothing waits any more.
bool TlsSession::flush_output() noexcept {
  if (output_.empty()) return true;
  const IoResult result = write_some(fd_, std::span<const char>(output_.data(), output_.size()));
  if (result.status == IoStatus::kError) {
    socket_error_ = result.error;
    output_ = {};
    return false;
  }
  if (result.bytes == output_.size()) {
    output_ = std::string();  // idle connections hold no memory
    return true;
  }
  output_.erase(0, result.bytes);
  return false;
}

IoResult TlsSession::write(std::span<const iovec> pieces) {
  ERR_clear_error();
  IoResult result;
  bool open = output_.size() <= kGatherMax || flush_output();
  for (const iovec& piece : pieces) {
    const char* data = static_cast<const char*>(piece.iov_base);
    for (size_t done = 0; open && done < piece.iov_len;) {
      const size_t size = std::min(piece.iov_len - done, kRecordBytesMax);
      size_t written = 0;
      if (SSL_write_ex(ssl_, data + done, size, &written) != 1) {
        if (socket_error_ == 0) socket_error_ = EPROTO;
        open = false;
        break;
      }
      done += written;
      result.bytes += written;
      open = output_.size() <= kGatherMax || flush_output();
    }
  }
  flush_output();
  if (socket_error_ != 0) {
    result.status = IoStatus::kError;
    result.error = socket_error_;
  } else if (result.bytes == 0 && !open) {
    result.status = IoStatus::kWouldBlock;
  }
  return result;
}

void TlsSession::finish() {
  ERR_clear_error();
  SSL_shutdown(ssl_);
  flush_output();
}

TlsResumption::~TlsResumption() {
  SSL_SESSION_free(session_);
}

void TlsResumption::keep(ssl_session_st* session) noexcept {
  SSL_SESSION_free(session_);
  session_ = session;
}

}  // namespace weir::net
