package httpapi

import (
	"net/http"
	"strings"

	"github.com/railgate/railgate/issuance/account"
	"github.com/railgate/railgate/issuance/credential"
	"github.com/railgate/railgate/issuance/internal/ids"
	"github.com/railgate/railgate/issuance/problem"
	"github.com/railgate/railgate/issuance/registry"
	"github.com/railgate/railgate/issuance/staff"
	"github.com/railgate/railgate/issuance/throttle"
)

// handlerFor answers for somebody whom one of the wrappers below let through.
type handlerFor[By any] func(w http.ResponseWriter, r *request, by By) error

// anonymous is who asks where it does not matter.
type anonymous = struct{}

// anyone lets everybody through.
func anyone(serve handlerFor[anonymous]) handler {
	return func(w http.ResponseWriter, r *request) error { return serve(w, r, anonymous{}) }
}

// login is the account whose login token the request carries.
func (a *API) login(r *request) (account.Holder, error) {
	if a.accounts == nil {
		return account.Holder{}, problem.New(account.LoginRequired, "")
	}
	return a.accounts.Authorize(r.Context(), ids.Bearer(r.Header.Values("Authorization")))
}

// visitor lets only those through who may ask for an application: by its access token,
// or by a login.
func (a *API) visitor(serve handlerFor[credential.Visitor]) handler {
	loggedIn := a.loggedIn(func(w http.ResponseWriter, r *request, h account.Holder) error {
		return serve(w, r, credential.ByLogin(h))
	})
	return func(w http.ResponseWriter, r *request) error {
		token := ids.Bearer(r.Header.Values("Authorization"))
		if a.accounts != nil && strings.HasPrefix(token, account.TokenPrefix) {
			return loggedIn(w, r)
		}
		v, err := credential.ByAccess(token)
		if err != nil {
			return err
		}
		return serve(w, r, v)
	}
}

// holder lets only those through to whom the application in the path belongs. A
// token of somebody else gets the very answer of no token.
func (a *API) holder(serve handlerFor[credential.Holder]) handler {
	return a.visitor(func(w http.ResponseWriter, r *request, v credential.Visitor) error {
		h, err := a.service.Authorize(r.Context(), v, r.PathValue("id"))
		if err != nil {
			return err
		}
		return serve(w, r, h)
	})
}

// loggedIn lets only those through who have logged in.
func (a *API) loggedIn(serve handlerFor[account.Holder]) handler {
	return func(w http.ResponseWriter, r *request) error {
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
func (a *API) agreed(serve handlerFor[account.Holder]) handler {
	return a.loggedIn(func(w http.ResponseWriter, r *request, h account.Holder) error {
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

// acting lets only those through who show a staff credential. Whether a role of
// theirs may do the act is asked before anything is looked up.
func (a *API) acting(serve handlerFor[registry.Principal]) handler {
	return func(w http.ResponseWriter, r *request) error {
		member, err := a.staff.Bearer(r.Header.Values("Authorization"))
		if err != nil {
			return err
		}
		return serve(w, r, registry.Principal{By: member, Request: r.id})
	}
}

// may lets only those of them through of whose roles one may do the action.
func may(action staff.Action, serve handlerFor[registry.Principal]) handlerFor[registry.Principal] {
	return func(w http.ResponseWriter, r *request, by registry.Principal) error {
		if err := by.By.May(action); err != nil {
			return err
		}
		return serve(w, r, by)
	}
}

// limited bounds how often one network may ask for what costs much.
func (a *API) limited(serve handler) handler { return within(a.limiter, serve) }

// within bounds how often one network may ask; no limiter bounds nothing.
func within(l *throttle.Limiter[throttle.Caller], serve handler) handler {
	return func(w http.ResponseWriter, r *request) error {
		if l != nil {
			if err := l.Allow(r.from); err != nil {
				return err
			}
		}
		return serve(w, r)
	}
}
