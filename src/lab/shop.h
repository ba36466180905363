// The shop as real processes on the loopback, with or without weir before each service.
#pragma once

#include <string>
#include <vector>

#include "lab/demo_plan.h"
#include "lab/process.h"
#include "net/address.h"

namespace weir::lab {

/// Five services and, with weir, five proxies: started by open(), killed by the destructor.
class Shop {
 public:
  struct Member {
    std::string name;
    net::Address service;  ///< the service itself: where its /lab/ controls are
    net::Address door;     ///< where its callers connect: weir, or the service
    net::Address admin;    ///< of weir; port 0 without it
  };

  /// Weir is started as `weir proxy --listen ADDR --to URL --admin ADDR`: addresses and nothing
  /// else. Errors: kInternal.
  static Expected<Shop> open(const DemoPlan& plan, bool with_weir, const std::string& log_folder);

  const std::vector<Member>& members() const { return members_; }
  /// The first process that has died, by its log's name; empty if all live.
  std::string casualty();

 private:
  Shop() = default;
  Expected<void> start(std::vector<std::string> words, const std::string& log_folder,
                       const std::string& name);

  std::vector<Member> members_;
  std::vector<Process> processes_;
  std::vector<std::string> names_;
};

}  // namespace weir::lab
