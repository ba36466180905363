#include "lab/shop.h"

namespace weir::lab {
namespace {

net::Address loopback(uint16_t port) {
  net::Address address;
  address.set_port(port);
  return address;
}

std::string url_of(const net::Address& address) {
  return "http://" + address.to_string() + "/";
}

std::string milliseconds(Duration value) {
  return std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(value).count()) +
         "ms";
}

/// The values of --calls for a service.
std::vector<std::string> calls_of(size_t index, const std::vector<Shop::Member>& members) {
  const auto door = [&members](size_t i) { return url_of(members[i].door); };
  if (index == kGateway) {
    return {"/catalogue=" + door(kCatalogue), "/checkout=" + door(kCheckout)};
  }
  if (index == kCheckout) return {door(kInventory) + "," + door(kPayments)};
  return {};
}

}  // namespace

Expected<Shop> Shop::open(const DemoPlan& plan, bool with_weir, const std::string& log_folder) {
  const auto ports = free_ports(3 * kShop.size());
  if (!ports) return tl::unexpected(ports.error());
  Shop shop;
  for (size_t i = 0; i < kShop.size(); ++i) {
    Member member{kShop[i].name, loopback((*ports)[3 * i]), loopback((*ports)[3 * i]), {}};
    if (with_weir) {
      member.door = loopback((*ports)[3 * i + 1]);
      member.admin = loopback((*ports)[3 * i + 2]);
    }
    shop.members_.push_back(member);
  }
  for (size_t i = 0; i < kShop.size(); ++i) {
    const Member& member = shop.members_[i];
    std::vector<std::string> words{"lab",
                                   "service",
                                   "--listen",
                                   member.service.to_string(),
                                   "--name",
                                   member.name,
                                   "--workers",
                                   std::to_string(kShop[i].workers),
                                   "--time",
                                   kShop[i].time,
                                   "--seed",
                                   std::to_string(plan.seed + i),
                                   "--call-timeout",
                                   milliseconds(plan.call_timeout)};
    for (const std::string& calls : calls_of(i, shop.members_)) {
      words.insert(words.end(), {"--calls", calls});
    }
    if (auto done = shop.start(std::move(words), log_folder, member.name); !done) {
      return tl::unexpected(done.error());
    }
    if (!with_weir) continue;
    const std::vector<std::string> weir{"proxy",
                                        "--listen",
                                        member.door.to_string(),
                                        "--to",
                                        url_of(member.service),
                                        "--admin",
                                        member.admin.to_string()};
    if (auto done = shop.start(weir, log_folder, "weir-" + member.name); !done) {
      return tl::unexpected(done.error());
    }
  }
  return shop;
}

Expected<void> Shop::start(std::vector<std::string> words, const std::string& log_folder,
                           const std::string& name) {
  auto process = Process::start(words, log_folder + "/" + name + ".log");
  if (!process) return tl::unexpected(process.error());
  processes_.push_back(std::move(*process));
  names_.push_back(name);
  return {};
}

std::string Shop::casualty() {
  for (size_t i = 0; i < processes_.size(); ++i) {
    if (!processes_[i].running()) return names_[i];
  }
  return {};
}

}  // namespace weir::lab
