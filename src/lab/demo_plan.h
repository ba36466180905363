// The shop of the demo and the story that happens to it. Every number of the demo stands here.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <string_view>

#include "weir/base/time.h"

namespace weir::lab {

/// One service of the shop. `workers` are held while it works and while it waits for others, as the
/// threads of a pool are.
struct ShopService {
  const char* name;
  uint32_t workers;
  const char* time;
};

/// Gateway → {catalogue, checkout → {inventory, payments}}. The pools are roomy: on a good day the
/// gateway holds 45 of its 300 workers, checkout 15 of 150, payments 12 of 48.
inline constexpr std::array<ShopService, 5> kShop{{
    {"gateway", 300, "const:1ms"},
    {"catalogue", 80, "lognormal:100ms,0.4"},
    {"checkout", 150, "exp:5ms"},
    {"inventory", 16, "exp:5ms"},
    {"payments", 48, "lognormal:40ms,0.4"},
}};
inline constexpr size_t kGateway = 0;
inline constexpr size_t kCatalogue = 1;
inline constexpr size_t kCheckout = 2;
inline constexpr size_t kInventory = 3;
inline constexpr size_t kPayments = 4;

struct DemoPlan {
  Duration opening = std::chrono::seconds(2);  ///< the first part of `warm`, with fewer visitors
  // Healthy, then payments is slow, then it has healed.
  Duration warm = std::chrono::seconds(6);
  Duration slow = std::chrono::seconds(16);
  Duration after = std::chrono::seconds(12);
  double slow_factor = 10;

  double catalogue_rate = 300;  ///< visits a second
  double checkout_rate = 300;
  Duration patience = std::chrono::seconds(2);      ///< of a client, for one attempt
  int retries = 2;                                  ///< at once, whatever the answer said
  Duration call_timeout = std::chrono::seconds(5);  ///< of the shop's services for one another
  uint64_t seed = 1;

  Duration slow_from() const { return warm; }
  Duration slow_to() const { return warm + slow; }
  Duration length() const { return warm + slow + after; }

  /// Payments a second while slow: 48 workers of 40 ms are 1200/s, a tenth of that is 120/s.
  double degraded_capacity() const { return 48 / 0.040 / slow_factor; }
};

}  // namespace weir::lab
