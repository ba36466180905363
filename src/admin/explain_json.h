// Explanations as JSON: what /api/explain answers, and what each event of /api/tap carries.
#pragma once

#include <string>

#include "admin/feed.h"
#include "admin/request.h"
#include "observe/explanation.h"
#include "observe/json.h"

namespace weir::admin {

/// The fields that docs/reference/explain.md lists.
void write_explanation(observe::JsonWriter& json, const observe::Explanation& told);
std::string render_explanation(const observe::Explanation& told);

/// Which explanations a tap or a list shows.
struct ExplainFilter {
  bool rejected_only = false;  ///< refusals, those of --dry-run included
  std::string route{};         ///< empty: every route

  /// From the query: ?rejected and ?route=NAME.
  static ExplainFilter from(const Request& request);
  observe::ExplainKind kind() const noexcept {
    return rejected_only ? observe::ExplainKind::kRefused : observe::ExplainKind::kAll;
  }
  bool takes(const observe::Explanation& told) const noexcept;
};

/// The newest explanations that fit, newest first, as a JSON array.
std::string render_recent(const observe::ExplanationSource& source, const ExplainFilter& filter,
                          size_t count_max);

/// /api/tap: an event for each explanation that fits, from now on. When more come in one interval
/// than kTapBatchMax, the older ones are left out and an event "skipped" says how many.
class TapFeed final : public Feed {
 public:
  TapFeed(const observe::ExplanationSource& source, ExplainFilter filter);

  void pull(std::string& out) override;
  Duration interval() const noexcept override { return std::chrono::milliseconds(200); }

  static constexpr size_t kTapBatchMax = 200;

 private:
  const observe::ExplanationSource& source_;
  ExplainFilter filter_;
  observe::ExplainCursor cursor_;
  bool first_ = true;
};

}  // namespace weir::admin
