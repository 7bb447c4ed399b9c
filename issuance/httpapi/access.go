package httpapi

import (
	"net/http"
	"strings"

	"github.com/railgate/railgate/issuance/account"
	"github.com/railgate/railgate/issuance/credential"
	"github.com/railgate/railgate/issuance/internal/ids"
	"github.com/railgate/railgate/issuance/problem"
	"github.com/railgate/railgate/issuance/registry"
	"github.com/railgate/railgate/issuance/throttle"
)

// login is the account whose login token the request carries.
func (a *API) login(r *http.Request) (account.Holder, error) {
	if a.accounts == nil {
		return account.Holder{}, problem.New(account.LoginRequired, "")
	}
	return a.accounts.Authorize(r.Context(), ids.Bearer(r.Header.Values("Authorization")))
}

// visitor is who asks for an application: by its access token, or by a login.
func (a *API) visitor(r *http.Request) (credential.Visitor, error) {
	token := ids.Bearer(r.Header.Values("Authorization"))
	if a.accounts != nil && strings.HasPrefix(token, account.TokenPrefix) {
		h, err := a.accounts.Authorize(r.Context(), token)
		return credential.ByLogin(h), err
	}
	return credential.ByAccess(token)
}

// holder lets only those through to whom the application in the path belongs. A
// token of somebody else gets the very answer of no token.
func (a *API) holder(serve func(w http.ResponseWriter, r *http.Request, h credential.Holder) error) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		v, err := a.visitor(r)
		if err != nil {
			return err
		}
		h, err := a.service.Authorize(r.Context(), v, r.PathValue("id"))
		if err != nil {
			return err
		}
		return serve(w, r, h)
	}
}

// loggedIn lets only those through who have logged in.
func (a *API) loggedIn(serve func(w http.ResponseWriter, r *http.Request, h account.Holder) error) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		h, err := a.login(r)
		if err != nil {
			return err
		}
		return serve(w, r, h)
	}
}

// agreed lets only those of them through who agreed to the privacy policy in
// force: it stands before whatever takes personal data in (rule B12). What
// shows or ends something is never in front of it.
func (a *API) agreed(serve func(w http.ResponseWriter, r *http.Request, h account.Holder) error) handler {
	return a.loggedIn(func(w http.ResponseWriter, r *http.Request, h account.Holder) error {
		if err := consented(h); err != nil {
			return err
		}
		return serve(w, r, h)
	})
}

func consented(h account.Holder) error {
	if h.ConsentDue() {
		return problem.New(account.ConsentRequired, "the privacy policy in force was not agreed to yet: GET /v1/privacy-policy has its text and version")
	}
	return nil
}

// caller is the network that the request comes from.
func (a *API) caller(r *http.Request) (throttle.Caller, error) {
	return a.proxies.Caller(r.RemoteAddr, r.Header.Values("X-Forwarded-For"))
}

// limited bounds how often one network may ask for what costs much.
func (a *API) limited(serve handler) handler { return a.within(a.limiter, serve) }

// within bounds how often one network may ask; no limiter bounds nothing.
func (a *API) within(l *throttle.Limiter[throttle.Caller], serve handler) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		if l != nil {
			from, err := a.caller(r)
			if err != nil {
				return err
			}
			if err := l.Allow(from); err != nil {
				return err
			}
		}
		return serve(w, r)
	}
}

// acting lets only those through who show a staff credential. Whether a role of
// theirs may do the act, the registry asks before it looks anything up.
func (a *API) acting(serve func(w http.ResponseWriter, r *http.Request, by registry.Principal) error) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		member, err := a.staff.Bearer(r.Header.Values("Authorization"))
		if err != nil {
			return err
		}
		return serve(w, r, registry.Principal{By: member, Request: idOf(w)})
	}
}
