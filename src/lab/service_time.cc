#include "lab/service_time.h"

#include <charconv>
#include <cmath>
#include <string>
#include <vector>

#include "lab/units.h"

namespace weir::lab {
namespace {

std::vector<std::string_view> split_commas(std::string_view text) {
  std::vector<std::string_view> parts;
  while (true) {
    const size_t comma = text.find(',');
    parts.push_back(text.substr(0, comma));
    if (comma == std::string_view::npos) return parts;
    text.remove_prefix(comma + 1);
  }
}

constexpr double kSigmaMax = 4;  // beyond it the mean is carried by one draw in thousands

tl::unexpected<Error> bad_service_time(std::string_view text) {
  return usage_error("'" + std::string(text) + "' is not a service time",
                     "write const:20ms, exp:20ms, bimodal:10ms,200ms,10% or lognormal:20ms,1.0");
}

}  // namespace

ServiceTime ServiceTime::bimodal(Duration quick, Duration slow, double slow_share) {
  ServiceTime time(Kind::kBimodal, quick);
  time.second_ = slow;
  time.slow_share_ = slow_share;
  return time;
}

ServiceTime ServiceTime::lognormal(Duration mean, double sigma) {
  ServiceTime time(Kind::kLognormal, mean);
  time.sigma_ = sigma;
  return time;
}

Expected<ServiceTime> ServiceTime::parse(std::string_view text) {
  const size_t colon = text.find(':');
  if (colon == std::string_view::npos) return bad_service_time(text);
  const std::string_view name = text.substr(0, colon);
  const auto parts = split_commas(text.substr(colon + 1));
  const auto first = parse_duration(parts[0]);
  if (!first) return tl::unexpected(first.error());
  if (name == "const" && parts.size() == 1) return constant(*first);
  if (name == "exp" && parts.size() == 1) return exponential(*first);
  if (name == "bimodal" && parts.size() == 3) {
    const auto slow = parse_duration(parts[1]);
    if (!slow) return tl::unexpected(slow.error());
    const auto share = parse_ratio(parts[2]);
    if (!share) return tl::unexpected(share.error());
    return bimodal(*first, *slow, *share);
  }
  if (name == "lognormal" && parts.size() == 2) {
    double sigma = -1;
    std::from_chars(parts[1].data(), parts[1].data() + parts[1].size(), sigma);
    if (sigma >= 0 && sigma <= kSigmaMax) return lognormal(*first, sigma);
  }
  return bad_service_time(text);
}

Duration ServiceTime::draw(Rng& rng) const {
  const double seconds = to_seconds(first_);
  switch (kind_) {
    case Kind::kConst: return first_;
    case Kind::kExp: return from_seconds(rng.exponential(seconds));
    case Kind::kBimodal: return rng.uniform() < slow_share_ ? second_ : first_;
    case Kind::kLognormal:
      // exp(N(m, s²)) has mean exp(m + s²/2): take s²/2 off so that the mean is what was asked for.
      return from_seconds(seconds * std::exp(sigma_ * rng.normal() - sigma_ * sigma_ / 2));
  }
  return first_;
}

Duration ServiceTime::mean() const {
  if (kind_ != Kind::kBimodal) return first_;
  return from_seconds(to_seconds(first_) * (1 - slow_share_) + to_seconds(second_) * slow_share_);
}

}  // namespace weir::lab
