/* ---- names that are refused ---------------------------------------------------------------- */

/* Headers that carry credentials. None of them becomes an attribute or a label: the value is not
   stored, the attempt is counted (llmobs_stats.attributes_refused) and noted. Upper and lower case
   are alike, so are '-', '_' and '.'; and so is the name behind one of the prefixes that
   OpenTelemetry has for headers and metadata. Spans and events may be called so. */
#define LLMOBS_REFUSED_NAMES(X)                                                                   \
    X("authorization") X("proxy-authorization") X("authentication-info")                          \
    X("cookie") X("cookie2") X("set-cookie") X("set-cookie2")                                     \
    X("api-key") X("apikey") X("x-api-key") X("x-apikey") X("x-api-token") X("x-api-secret")      \
    X("x-goog-api-key") X("ocp-apim-subscription-key") X("x-functions-key") X("dd-api-key")       \
    X("dd-application-key") X("helicone-auth") X("x-rapidapi-key")                                \
    X("auth-token") X("x-auth-token") X("x-auth-key") X("x-access-token") X("x-session-token")    \
    X("x-refresh-token") X("x-id-token") X("x-csrf-token") X("x-xsrf-token") X("x-client-secret") \
    X("x-authorization") X("x-forwarded-authorization") X("x-forwarded-access-token")             \
    X("x-original-authorization") X("x-serverless-authorization")                                 \
    X("x-amz-security-token") X("x-amzn-oidc-data") X("x-amzn-oidc-accesstoken")                  \
    X("x-goog-iap-jwt-assertion") X("cf-access-jwt-assertion") X("cf-access-client-secret")       \
    X("x-ms-token-aad-access-token") X("x-ms-token-aad-id-token") X("x-vault-token")              \
    X("x-gitlab-token") X("private-token") X("job-token") X("x-github-token")                     \
    X("x-shopify-access-token")

/* What may stand before one of them. */
#define LLMOBS_REFUSED_PREFIXES(X)                                                                \
    X("http.request.header.") X("http.response.header.")                                          \
    X("rpc.request.metadata.") X("rpc.response.metadata.")                                        \
    X("rpc.grpc.request.metadata.") X("rpc.grpc.response.metadata.")                              \
    X("rpc.connect_rpc.request.metadata.") X("rpc.connect_rpc.response.metadata.")
