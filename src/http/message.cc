#include "http/message.h"

#include "http/chars.h"

namespace weir::http {
namespace {

constexpr std::array<std::string_view, 10> kMethodNames = {
    "GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH", ""};

}  // namespace

Method parse_method(std::string_view token) noexcept {
  for (size_t i = 0; i + 1 < kMethodNames.size(); ++i) {
    if (token == kMethodNames[i]) return static_cast<Method>(i);
  }
  return Method::kOther;
}

std::string_view to_string(Method method) noexcept {
  return kMethodNames[static_cast<size_t>(method)];
}

bool is_idempotent(Method method) noexcept {
  switch (method) {
    case Method::kGet:
    case Method::kHead:
    case Method::kPut:
    case Method::kDelete:
    case Method::kOptions:
    case Method::kTrace: return true;
    case Method::kPost:
    case Method::kConnect:
    case Method::kPatch:
    case Method::kOther: return false;
  }
  return false;
}

std::string_view reason_phrase(int status) noexcept {
  switch (status) {
    case 100: return "Continue";
    case 101: return "Switching Protocols";
    case 103: return "Early Hints";
    case 200: return "OK";
    case 201: return "Created";
    case 202: return "Accepted";
    case 204: return "No Content";
    case 206: return "Partial Content";
    case 301: return "Moved Permanently";
    case 302: return "Found";
    case 304: return "Not Modified";
    case 307: return "Temporary Redirect";
    case 308: return "Permanent Redirect";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 408: return "Request Timeout";
    case 409: return "Conflict";
    case 413: return "Content Too Large";
    case 414: return "URI Too Long";
    case 415: return "Unsupported Media Type";
    case 417: return "Expectation Failed";
    case 421: return "Misdirected Request";
    case 426: return "Upgrade Required";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";
    case 499: return "Client Closed Request";
    case 500: return "Internal Server Error";
    case 501: return "Not Implemented";
    case 502: return "Bad Gateway";
    case 503: return "Service Unavailable";
    case 504: return "Gateway Timeout";
    case 505: return "HTTP Version Not Supported";
  }
  return {};
}

std::string_view HeaderBlock::value(HeaderName name) const noexcept {
  if (!contains(name)) return {};
  for (size_t i = 0; i < size_; ++i) {
    if (lines_[i].id == name) return (*this)[i].value;
  }
  return {};
}

std::string_view HeaderBlock::value(std::string_view name) const noexcept {
  const HeaderName id = recognise(name);
  if (id != HeaderName::kOther) return value(id);
  for (size_t i = 0; i < size_; ++i) {
    const HeaderView header = (*this)[i];
    if (header.id == id && equals_ignoring_case(header.name, name)) return header.value;
  }
  return {};
}

}  // namespace weir::http
