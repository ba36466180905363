// Refusals: the one place where a Reason or a Fault becomes a status, headers and a problem
// document (RFC 9457), and how HTTP/1 carries them. See the table in docs/reference/refusals.md.
#pragma once

#include <array>
#include <string_view>

#include "http/h1_writer.h"
#include "proxy/answer.h"
#include "weir/base/rng.h"
#include "weir/policy/criticality.h"

namespace weir::proxy {

/// Room for the sentence of an answer, which borrows it.
using DetailText = std::array<char, 256>;

/// A policy's refusal. `upstream` names what is protected. Retry-After is the policy's own
/// estimate, between one and sixty seconds and stretched by up to a half at random, so that those
/// who were refused together do not come back together. Costs about 1 µs with write_answer
/// (bench/proxy).
Answer refusal_answer(const Rejection& rejection, std::string_view policy,
                      std::string_view upstream, Criticality criticality, Rng& rng,
                      DetailText& text) noexcept;

/// A fault. `detail_error` says what is wrong with a malformed message; else kNone.
Answer fault_answer(Fault fault, std::string_view upstream, http::H1Error detail_error,
                    DetailText& text) noexcept;

/// The problem document (RFC 9457), and the value of Proxy-Status (RFC 9209): what HTTP/1 and
/// HTTP/2 say alike.
void write_problem(const Answer& answer, std::string_view request_id,
                   http::HeadWriter& out) noexcept;
void write_proxy_status(const Answer& answer, http::HeadWriter& out) noexcept;

/// How the answer travels over HTTP/1; see answer_h2.h for HTTP/2.
struct AnswerDelivery {
  std::string_view request_id;
  bool keep_alive = true;
  bool head_only = false;  ///< the request was HEAD: the length without the body
  uint8_t client_minor_version = 1;
};

/// The most bytes an answer takes, head and body.
inline constexpr size_t kAnswerBytesMax = 2048;

/// Appends the whole response. False when `out` has less than kAnswerBytesMax left and it did not
/// fit.
bool write_answer(const Answer& answer, const AnswerDelivery& delivery,
                  http::HeadWriter& out) noexcept;

}  // namespace weir::proxy
