// ServerOperator: what a person may change in a running proxy.
#pragma once

#include "observe/operator.h"
#include "proxy/server.h"

namespace weir::proxy {

/// Any thread; the server must outlive it.
class ServerOperator final : public observe::Operator {
 public:
  explicit ServerOperator(Server& server) noexcept : server_(server) {}

  std::vector<std::string> settable() const override { return {"limit_max", "limit_min"}; }
  Expected<observe::Change> set(std::string_view upstream, std::string_view name,
                                std::string_view value) override;
  Expected<observe::Change> open_breaker(std::string_view upstream, Duration cooldown) override;
  Expected<observe::Change> close_breaker(std::string_view upstream) override;
  Expected<observe::Change> drain() override;

 private:
  Expected<const Cluster*> find(std::string_view upstream) const;
  Expected<Breaker*> find_breaker(std::string_view upstream) const;

  Server& server_;
};

}  // namespace weir::proxy
