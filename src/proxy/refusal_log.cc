#include "proxy/refusal_log.h"

namespace weir::proxy {
namespace {

constexpr observe::LogLevel kLevel = observe::LogLevel::kWarning;

}  // namespace

void RefusalLog::refused(const Rejection& rejection, const Answer& answer, Criticality criticality,
                         std::string_view request_id, Instant now) noexcept {
  if (log_ == nullptr) return;
  const auto left_out = samplers_[static_cast<size_t>(rejection.reason)].take(now);
  if (!left_out) return;
  log_->write(kLevel, "refused", answer.detail,
              {{"upstream", upstream_},
               {"reason", answer.reason},
               {"policy", answer.policy},
               {"priority", std::string_view(to_string(criticality))},
               {"value", int64_t{rejection.value}},
               {"bound", int64_t{rejection.bound}},
               {"retry_after_ms", answer.retry_after_ms},
               {"request_id", request_id},
               {"left_out", static_cast<int64_t>(*left_out)}});
}

void RefusalLog::would_refuse(const Rejection& rejection, std::string_view policy,
                              Criticality criticality, Instant now) noexcept {
  if (log_ == nullptr) return;
  const auto left_out = samplers_[static_cast<size_t>(rejection.reason)].take(now);
  if (!left_out) return;
  log_->write(kLevel, "would_refuse", "let through only because of --dry-run",
              {{"upstream", upstream_},
               {"reason", std::string_view(to_string(rejection.reason))},
               {"policy", policy},
               {"priority", std::string_view(to_string(criticality))},
               {"value", int64_t{rejection.value}},
               {"bound", int64_t{rejection.bound}},
               {"left_out", static_cast<int64_t>(*left_out)}});
}

void RefusalLog::beat(Instant now) noexcept {
  if (log_ == nullptr) return;
  for (int i = 0; i < kReasonCount; ++i) {
    const auto left_out = samplers_[static_cast<size_t>(i)].flush(now);
    if (!left_out) continue;
    log_->write(kLevel, "refused_more", "further refusals that had no line of their own",
                {{"upstream", upstream_},
                 {"reason", std::string_view(to_string(static_cast<Reason>(i)))},
                 {"left_out", static_cast<int64_t>(*left_out)}});
  }
}

}  // namespace weir::proxy
