//! Signing in at a provider of OpenID Connect: an authorization code with PKCE,
//! bound to the browser that asked for it by a cookie, a state and a nonce.
//!
//! What the provider says counts when its token is signed by a key that it
//! publishes, is for us, is not too old and carries our nonce. Whose account it is
//! then is the settings' matter (`config.rs`), and what it may do the journal's.

mod away;
mod claims;
mod config;
mod http;

pub use config::{OidcConfig, OidcConfigFault};

use self::away::Away;
use self::claims::{Said, pick};
use self::config::EMAIL;
use self::http::{Http, HttpFault};
use crate::staff::Vouched;
use attache_journal::StoreError;
use openidconnect::core::{
    CoreAuthDisplay, CoreAuthPrompt, CoreAuthenticationFlow, CoreClientAuthMethod, CoreErrorResponseType,
    CoreGenderClaim, CoreJsonWebKey, CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm, CoreProviderMetadata,
    CoreRevocableToken, CoreRevocationErrorResponse, CoreTokenIntrospectionResponse, CoreTokenType,
};
use openidconnect::{
    AccessTokenHash, AuthType, AuthorizationCode, ClaimsVerificationError, Client, ClientId, ClientSecret,
    DiscoveryError, EmptyExtraTokenFields, EndpointMaybeSet, EndpointNotSet, EndpointSet, IdToken, IdTokenFields,
    IssuerUrl, Nonce, OAuth2TokenResponse as _, PkceCodeChallenge, RedirectUrl, RequestTokenError, Scope,
    SignatureVerificationError, StandardErrorResponse, StandardTokenResponse, TokenResponse as _, UserInfoError,
};
use serde::Deserialize;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Mutex;

/// Where a provider sends people back to, below the address of the server.
pub(crate) const RETURN: &str = "/sign-in/openid/done";

/// For how long what a provider says of itself is taken as it was.
const KEPT: Duration = Duration::from_secs(3600);
/// It is asked again before that for a key that we do not know, and no more often
/// than this.
const RESTED: Duration = Duration::from_secs(60);

/// Signatures that only the provider can make. One made with the client's secret,
/// or none at all, is not among them.
const SIGNATURES: [CoreJwsSigningAlgorithm; 9] = [
    CoreJwsSigningAlgorithm::EcdsaP256Sha256,
    CoreJwsSigningAlgorithm::EcdsaP384Sha384,
    CoreJwsSigningAlgorithm::EdDsa,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha384,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha512,
    CoreJwsSigningAlgorithm::RsaSsaPssSha256,
    CoreJwsSigningAlgorithm::RsaSsaPssSha384,
    CoreJwsSigningAlgorithm::RsaSsaPssSha512,
];

type Token = IdToken<Said, CoreGenderClaim, CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm>;
type Fields = IdTokenFields<
    Said,
    EmptyExtraTokenFields,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJwsSigningAlgorithm,
>;
type Party = Client<
    Said,
    CoreAuthDisplay,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJsonWebKey,
    CoreAuthPrompt,
    StandardErrorResponse<CoreErrorResponseType>,
    StandardTokenResponse<Fields, CoreTokenType>,
    CoreTokenIntrospectionResponse,
    CoreRevocableToken,
    CoreRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

/// A provider that vouches for the people who work here.
pub struct Oidc {
    config: OidcConfig,
    issuer: IssuerUrl,
    secret: ClientSecret,
    redirect: RedirectUrl,
    http: Http,
    known: Mutex<Option<Known>>,
}

/// What the provider says of itself.
struct Known {
    metadata: Arc<CoreProviderMetadata>,
    since: Instant,
    /// When it was asked again before its time.
    again: Option<Instant>,
}

impl std::fmt::Debug for Oidc {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Oidc").field("config", &self.config).finish_non_exhaustive()
    }
}

/// Why nobody is signed in.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OidcFault {
    /// It comes back in a browser that did not begin it, or not any more.
    #[error("this sign-in was begun in another browser or too long ago; begin it again")]
    Elsewhere,
    /// The provider said no.
    #[error("the provider signed nobody in: `{0}`")]
    Refused(String),
    /// No random numbers.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Nobody here is whom the provider vouches for.
    #[error("nobody here is known by what the provider says of you; ask an administrator")]
    Stranger,
    /// The provider does not answer, or not what a provider answers.
    #[error("the provider cannot be asked: {0}")]
    Unreachable(String),
    /// What it says is not proved.
    #[error("what the provider says of you is not proved: {0}")]
    Unproved(&'static str),
}

/// What a provider sends a browser back with.
#[derive(Deserialize)]
pub(crate) struct Returned {
    code: Option<String>,
    state: Option<String>,
    error: Option<String>,
    iss: Option<String>,
}

impl Oidc {
    /// A provider as it is set, for a server that people reach at `public_url`.
    /// Nothing is asked before somebody signs in.
    ///
    /// # Errors
    /// [`OidcConfigFault`] for settings that cannot be.
    pub fn new(config: OidcConfig, secret: String, public_url: &str) -> Result<Self, OidcConfigFault> {
        config.check()?;
        let refused = |what: String| OidcConfigFault(what);
        let issuer = IssuerUrl::new(config.issuer.clone()).map_err(|e| refused(format!("issuer: {e}")))?;
        let ours = matches!(issuer.url().host_str(), Some("127.0.0.1" | "localhost" | "[::1]"));
        if issuer.url().scheme() != "https" && !ours {
            return Err(refused("issuer: expected an https address".to_owned()));
        }
        let redirect = RedirectUrl::new(format!("{}{RETURN}", public_url.trim_end_matches('/')));
        Ok(Self {
            issuer,
            secret: ClientSecret::new(secret),
            redirect: redirect.map_err(|e| refused(format!("public_url: {e}")))?,
            http: Http::new(!ours).map_err(|e| refused(e.to_string()))?,
            known: Mutex::new(None),
            config,
        })
    }

    /// Where the provider must send people back to: what is to be registered there.
    #[must_use]
    pub fn redirect(&self) -> &str {
        self.redirect.as_str()
    }

    /// Asks the provider for what it says of itself, and for its keys.
    ///
    /// # Errors
    /// [`OidcFault::Unreachable`].
    pub async fn reach(&self) -> Result<(), OidcFault> {
        self.provider(true).await.map(|_| ())
    }

    pub(crate) fn label(&self) -> &str {
        &self.config.label
    }

    /// Begins a sign-in: where the browser goes, and what it is to hold meanwhile.
    pub(crate) async fn begin(&self) -> Result<(String, String), OidcFault> {
        let party = self.party(&*self.provider(true).await?);
        let away = Away::begin()?;
        let challenge = PkceCodeChallenge::from_code_verifier_sha256(&away.verifier());
        let scopes = self.config.scopes.iter().cloned().map(Scope::new);
        let flow = CoreAuthenticationFlow::AuthorizationCode;
        let (state, nonce) = (away.state(), away.nonce());
        let request = party.authorize_url(flow, || state, || nonce);
        let (url, _, _) = request.set_pkce_challenge(challenge).add_scopes(scopes).url();
        Ok((url.to_string(), away.secret()))
    }

    /// Ends a sign-in of the browser that holds `secret`.
    pub(crate) async fn finish(&self, secret: Option<&str>, returned: Returned) -> Result<Vouched, OidcFault> {
        let state = returned.state.as_deref().unwrap_or_default();
        let away = secret.and_then(|secret| Away::back(secret, state)).ok_or(OidcFault::Elsewhere)?;
        if returned.iss.is_some_and(|iss| iss != *self.issuer.as_str()) {
            return Err(OidcFault::Unproved("it is of another issuer"));
        }
        if let Some(error) = returned.error {
            // Anybody can have written it into the address.
            let is_code = error.len() <= 64 && error.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
            return Err(OidcFault::Refused(if is_code { error } else { "error".to_owned() }));
        }
        let code = AuthorizationCode::new(returned.code.ok_or(OidcFault::Elsewhere)?);
        let party = self.party(&*self.provider(true).await?);
        let exchange = party.exchange_code(code).map_err(|e| OidcFault::Unreachable(e.to_string()))?;
        let tokens = exchange.set_pkce_verifier(away.verifier()).request_async(&self.http).await?;
        let token = tokens.id_token().ok_or(OidcFault::Unproved("there is no identity token"))?;
        let nonce = away.nonce();
        let said = match self.proved(&party, token, &nonce, tokens.access_token()) {
            // Perhaps it has new keys.
            Err(OidcFault::Unproved(NO_KEY)) => {
                let party = self.party(&*self.provider(false).await?);
                self.proved(&party, token, &nonce, tokens.access_token())?
            }
            said => said?,
        };
        let sources = if said.has(&self.wanted()) { vec![said] } else { self.asked(&party, said, &tokens).await? };
        self.vouched(&sources)
    }

    /// The claims that say who it is and what for.
    fn wanted(&self) -> Vec<&str> {
        let mut wanted = self.identity();
        if !self.config.roles.is_empty() {
            wanted.push(&self.config.groups_claim);
        }
        wanted
    }

    /// The claims that say who it is.
    fn identity(&self) -> Vec<&str> {
        let claim = self.config.claim.as_str();
        if claim == EMAIL { vec![claim, "email_verified"] } else { vec![claim] }
    }

    /// What a token says, if it is the provider's word, to us, now, about this sign-in.
    fn proved(
        &self,
        party: &Party,
        token: &Token,
        nonce: &Nonce,
        access: &openidconnect::AccessToken,
    ) -> Result<Said, OidcFault> {
        let verifier = party.id_token_verifier().set_allowed_algs(SIGNATURES);
        let claims = token.claims(&verifier, nonce)?;
        if claims.authorized_party().is_some_and(|party| **party != self.config.client_id) {
            return Err(OidcFault::Unproved("it was given to somebody else"));
        }
        if let Some(expected) = claims.access_token_hash() {
            let key = token.signing_key(&verifier).map_err(|_| OidcFault::Unproved(NO_KEY))?;
            let alg = token.signing_alg().map_err(|_| OidcFault::Unproved(NO_KEY))?;
            let hash = AccessTokenHash::from_token(access, alg, key);
            if hash.ok().as_ref() != Some(expected) {
                return Err(OidcFault::Unproved("the access token is of another sign-in"));
            }
        }
        Ok(Said::of(claims))
    }

    /// What the token says and, where that is not all, what the provider says when asked.
    async fn asked(
        &self,
        party: &Party,
        said: Said,
        tokens: &StandardTokenResponse<Fields, CoreTokenType>,
    ) -> Result<Vec<Said>, OidcFault> {
        let access = tokens.access_token();
        // What cannot stand in a header is no token.
        let sendable = access.secret().bytes().all(|b| b.is_ascii_graphic());
        let subject = said.subject().map(openidconnect::SubjectIdentifier::new);
        let request = party.user_info(access.clone(), Some(subject.ok_or(OidcFault::Unproved("it names nobody"))?));
        match request {
            Ok(request) if sendable => {
                let more = request.request_async::<Said, _, CoreGenderClaim>(&self.http).await?;
                Ok(vec![said, Said::of(&more)])
            }
            // There is nobody to ask: what the token says is all.
            _ => Ok(vec![said]),
        }
    }

    /// Whose account that is, and what it is for.
    fn vouched(&self, sources: &[Said]) -> Result<Vouched, OidcFault> {
        let who = pick(sources, &self.identity()).ok_or(OidcFault::Stranger)?;
        if self.config.claim == EMAIL && !who.is_true("email_verified") {
            return Err(OidcFault::Unproved("the address is not verified"));
        }
        let claimed = who.text(&self.config.claim).ok_or(OidcFault::Stranger)?;
        let groups = pick(sources, &[&self.config.groups_claim]);
        let groups = groups.map(|said| said.texts(&self.config.groups_claim)).unwrap_or_default();
        let roles = self.config.roles(groups.into_iter());
        if roles.as_ref().is_some_and(std::collections::BTreeSet::is_empty) {
            return Err(OidcFault::Stranger);
        }
        Ok(Vouched {
            name: self.config.account(claimed).ok_or(OidcFault::Stranger)?,
            roles,
            issuer: self.config.issuer.clone(),
            subject: who.subject().unwrap_or_default(),
        })
    }

    /// What the provider says of itself; asked anew if it is too old, or if what it
    /// said is not `enough`.
    async fn provider(&self, enough: bool) -> Result<Arc<CoreProviderMetadata>, OidcFault> {
        // Whoever comes meanwhile waits for the same answer.
        let mut known = self.known.lock().await;
        let rests = |known: &Known| known.again.is_some_and(|again| again.elapsed() < RESTED);
        let holds = |known: &&Known| known.since.elapsed() < KEPT && (enough || rests(known));
        if let Some(known) = known.as_ref().filter(holds) {
            return Ok(Arc::clone(&known.metadata));
        }
        let metadata = CoreProviderMetadata::discover_async(self.issuer.clone(), &self.http).await?;
        let scheme = metadata.authorization_endpoint().url().scheme();
        if scheme != "https" && scheme != self.issuer.url().scheme() {
            return Err(OidcFault::Unreachable("it signs people in at an address that is not https".to_owned()));
        }
        let metadata = Arc::new(metadata);
        let now = Instant::now();
        *known = Some(Known { metadata: Arc::clone(&metadata), since: now, again: (!enough).then_some(now) });
        Ok(metadata)
    }

    fn party(&self, metadata: &CoreProviderMetadata) -> Party {
        let methods = metadata.token_endpoint_auth_methods_supported();
        let takes = |method| methods.is_none_or(|methods| methods.contains(&method));
        // In the header, as the standard has it, unless the provider takes it in the body alone.
        let by =
            if takes(CoreClientAuthMethod::ClientSecretBasic) { AuthType::BasicAuth } else { AuthType::RequestBody };
        let id = ClientId::new(self.config.client_id.clone());
        Party::from_provider_metadata(metadata.clone(), id, Some(self.secret.clone()))
            .set_redirect_uri(self.redirect.clone())
            .set_auth_type(by)
    }
}

/// A token of no key that we know.
const NO_KEY: &str = "it is signed by no key of the provider's";

impl From<DiscoveryError<HttpFault>> for OidcFault {
    fn from(error: DiscoveryError<HttpFault>) -> Self {
        Self::Unreachable(match error {
            DiscoveryError::Request(fault) => fault.to_string(),
            DiscoveryError::Response(status, ..) => format!("it answers {status}"),
            DiscoveryError::Parse(error) => format!("it describes itself in no way that is known: {error}"),
            other => other.to_string(),
        })
    }
}

impl From<RequestTokenError<HttpFault, StandardErrorResponse<CoreErrorResponseType>>> for OidcFault {
    fn from(error: RequestTokenError<HttpFault, StandardErrorResponse<CoreErrorResponseType>>) -> Self {
        match error {
            // Its description is for developers and may hold anything.
            RequestTokenError::ServerResponse(answer) => Self::Refused(answer.error().as_ref().to_owned()),
            RequestTokenError::Request(fault) => Self::Unreachable(fault.to_string()),
            RequestTokenError::Parse(..) => Self::Unproved("its answer cannot be read"),
            RequestTokenError::Other(_) => Self::Unreachable("it gave no answer that can be read".to_owned()),
        }
    }
}

impl From<UserInfoError<HttpFault>> for OidcFault {
    fn from(error: UserInfoError<HttpFault>) -> Self {
        match error {
            UserInfoError::ClaimsVerification(_) => Self::Unproved("it speaks of somebody else when asked again"),
            UserInfoError::Request(fault) => Self::Unreachable(fault.to_string()),
            UserInfoError::Response(status, ..) => Self::Unreachable(format!("it answers {status}")),
            _ => Self::Unproved("its answer cannot be read"),
        }
    }
}

impl From<ClaimsVerificationError> for OidcFault {
    fn from(error: ClaimsVerificationError) -> Self {
        use ClaimsVerificationError as Fault;
        // In words of ours: those of the token are of whoever made it.
        Self::Unproved(match error {
            Fault::Expired(_) => "it is too old",
            Fault::InvalidAudience(_) => "it is for somebody else",
            Fault::InvalidIssuer(_) => "it is of another issuer",
            Fault::InvalidNonce(_) => "it is of another sign-in",
            Fault::SignatureVerification(SignatureVerificationError::NoMatchingKey) => NO_KEY,
            Fault::SignatureVerification(SignatureVerificationError::CryptoError(_)) => "its signature is wrong",
            Fault::SignatureVerification(_) => "it is not signed in a way that proves anything",
            _ => "it is no token that is known",
        })
    }
}
