// Certificates: what callers are shown, read anew when the files change.
#pragma once

#include <filesystem>
#include <memory>
#include <mutex>
#include <vector>

#include "net/tls.h"

namespace weir::proxy {

/// current() from any thread; the rest from one. A connection keeps the certificates it began with.
class Certificates {
 public:
  /// Errors: kConfig.
  static Expected<std::unique_ptr<Certificates>> make(const net::TlsServerOptions& options);

  std::shared_ptr<const net::TlsContext> current() const;

  /// Reads the files again. On an error what was in use stays in use.
  Expected<void> reload();
  /// Whether a file has another time of change than at the last (re)load.
  bool changed() const;

 private:
  explicit Certificates(const net::TlsServerOptions& options) : options_(options) {}
  std::vector<std::filesystem::file_time_type> times() const;

  const net::TlsServerOptions options_;
  std::vector<std::filesystem::file_time_type> loaded_;
  mutable std::mutex mutex_;  // held to copy a pointer, once a connection
  std::shared_ptr<const net::TlsContext> context_;
};

}  // namespace weir::proxy
