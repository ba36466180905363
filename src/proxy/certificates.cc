#include "proxy/certificates.h"

#include <system_error>

namespace weir::proxy {

Expected<std::unique_ptr<Certificates>> Certificates::make(const net::TlsServerOptions& options) {
  std::unique_ptr<Certificates> made(new Certificates(options));
  if (const auto loaded = made->reload(); !loaded) return Unexpected<Error>(loaded.error());
  return made;
}

std::shared_ptr<const net::TlsContext> Certificates::current() const {
  const std::lock_guard lock(mutex_);
  return context_;
}

Expected<void> Certificates::reload() {
  loaded_ = times();
  const auto before = current();
  auto fresh = net::TlsContext::server(options_, before.get());
  if (!fresh) return Unexpected<Error>(fresh.error());
  const std::lock_guard lock(mutex_);
  context_ = std::move(*fresh);
  return {};
}

bool Certificates::changed() const {
  return times() != loaded_;
}

std::vector<std::filesystem::file_time_type> Certificates::times() const {
  std::vector<std::filesystem::file_time_type> times;
  const auto add = [&times](const std::string& file) {
    std::error_code error;
    if (!file.empty()) times.push_back(std::filesystem::last_write_time(file, error));
  };
  for (const net::TlsIdentity& identity : options_.identities) {
    add(identity.certificate_file);
    add(identity.key_file);
  }
  add(options_.client_ca_file);
  return times;
}

}  // namespace weir::proxy
