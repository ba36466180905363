#include "proxy/attempt.h"

#include <utility>

#include "proxy/exchange.h"

namespace weir::proxy {

const http::RequestHead& Attempt::request() const noexcept {
  return exchange_.request;
}

const Caller& Attempt::caller() const noexcept {
  return exchange_.caller();
}

void Attempt::on_pool_full(uint32_t used, uint32_t bound) {
  stream_ = nullptr;
  exchange_.on_pool_full(*this, used, bound);
}

void Attempt::on_ready(UpstreamStream& stream) {
  stream_ = &stream;
  exchange_.on_upstream_ready(*this);
}

void Attempt::on_failed(const UpstreamFailure& failure) {
  stream_ = nullptr;
  exchange_.on_upstream_failed(*this, failure);
}

void Attempt::on_response_head() {
  exchange_.on_response_head(*this);
}

size_t Attempt::on_response_body(std::string_view payload) {
  return exchange_.on_response_body(payload);
}

void Attempt::on_response_trailer(const http::HeaderView& field) {
  exchange_.on_response_trailer(field);
}

void Attempt::on_response_end() {
  stream_ = nullptr;
  exchange_.on_response_end(*this);
}

void Attempt::on_writable() {
  exchange_.on_upstream_writable(*this);
}

void Attempt::on_response_pause() {
  exchange_.on_response_pause();
}

void Attempt::cancel() {
  if (stream_ != nullptr) std::exchange(stream_, nullptr)->cancel();
}

}  // namespace weir::proxy
