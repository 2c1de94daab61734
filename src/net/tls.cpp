#include "net/tls.h"

#include <boost/system/system_error.hpp>

namespace forebay::net {
namespace {

namespace ssl = boost::asio::ssl;

constexpr auto modern = ssl::context::default_workarounds | ssl::context::no_sslv2 | ssl::context::no_sslv3 |
                        ssl::context::no_tlsv1 | ssl::context::no_tlsv1_1 | ssl::context::single_dh_use;

}  // namespace

Result<TlsContext> server_tls(const config::TlsSettings& settings) {
    auto context = std::make_shared<ssl::context>(ssl::context::tls_server);
    boost::system::error_code error;
    context->set_options(modern, error);
    if (!error) context->use_certificate_chain_file(settings.certificate_file, error);
    if (error) {
        return fail(Code::invalid_argument, "the TLS certificate {} cannot be used: {}", settings.certificate_file,
                    error.message());
    }
    context->use_private_key_file(settings.private_key_file, ssl::context::pem, error);
    if (error) {
        return fail(Code::invalid_argument, "the TLS private key {} cannot be used with its certificate: {}",
                    settings.private_key_file, error.message());
    }
    return context;
}

Result<TlsContext> client_tls(const std::string& ca_file) {
    auto context = std::make_shared<ssl::context>(ssl::context::tls_client);
    boost::system::error_code error;
    context->set_options(modern, error);
    context->set_verify_mode(ssl::verify_peer, error);
    if (ca_file.empty()) {
        context->set_default_verify_paths(error);
    } else {
        context->load_verify_file(ca_file, error);
    }
    if (error) return fail(Code::invalid_argument, "the certificate authorities cannot be loaded: {}", error.message());
    return context;
}

}  // namespace forebay::net
