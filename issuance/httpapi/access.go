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

// handlerFor handles a request of a caller that one of the wrappers below has admitted.
type handlerFor[By any] func(w http.ResponseWriter, r *request, by By) error

// anonymous is the caller of an endpoint that needs no token.
type anonymous = struct{}

// anyone admits every caller.
func anyone(serve handlerFor[anonymous]) handler {
	return func(w http.ResponseWriter, r *request) error { return serve(w, r, anonymous{}) }
}

// login returns the account of the login token in the request.
func (a *API) login(r *request) (account.Holder, error) {
	if a.accounts == nil {
		return account.Holder{}, problem.New(account.LoginRequired, "")
	}
	return a.accounts.Authorize(r.Context(), ids.Bearer(r.Header.Values("Authorization")))
}

// visitor admits callers with an access token or a login token.
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

// ownerOnly admits only the owner of the application in the path. A token of another
// application gets the same response as no token.
func (a *API) ownerOnly(serve handlerFor[credential.Holder]) handler {
	return a.visitor(func(w http.ResponseWriter, r *request, v credential.Visitor) error {
		h, err := a.service.Authorize(r.Context(), v, r.PathValue("id"))
		if err != nil {
			return err
		}
		return serve(w, r, h)
	})
}

// loggedIn admits callers with a login token.
func (a *API) loggedIn(serve handlerFor[account.Holder]) handler {
	return func(w http.ResponseWriter, r *request) error {
		h, err := a.login(r)
		if err != nil {
			return err
		}
		return serve(w, r, h)
	}
}

// withConsent admits logged-in callers who agreed to the current privacy policy. It
// wraps every endpoint that accepts personal data (rule B12). Endpoints that show or end
// something do not need it.
func (a *API) withConsent(serve handlerFor[account.Holder]) handler {
	return a.loggedIn(func(w http.ResponseWriter, r *request, h account.Holder) error {
		if err := consented(h); err != nil {
			return err
		}
		return serve(w, r, h)
	})
}

func consented(h account.Holder) error {
	if h.ConsentDue() {
		return problem.New(account.ConsentRequired, "agree to the current privacy policy first: GET /v1/privacy-policy returns its text and version")
	}
	return nil
}

// asStaff admits callers with a staff credential. The services check the role before any
// lookup.
func (a *API) asStaff(serve handlerFor[registry.Principal]) handler {
	return func(w http.ResponseWriter, r *request) error {
		member, err := a.staff.Bearer(r.Header.Values("Authorization"))
		if err != nil {
			return err
		}
		return serve(w, r, registry.Principal{By: member, Request: r.id})
	}
}

// allowed admits staff with a role that permits the action.
func allowed(action staff.Action, serve handlerFor[registry.Principal]) handlerFor[registry.Principal] {
	return func(w http.ResponseWriter, r *request, by registry.Principal) error {
		if err := by.By.May(action); err != nil {
			return err
		}
		return serve(w, r, by)
	}
}

// ownPermissions returns what the caller's staff credential allows, so that a page can show
// only this. No services are called: it allows nothing by itself.
func ownPermissions(_ *request, by registry.Principal) (any, error) {
	p := by.By.Permissions()
	out := struct {
		Name      string          `json:"name"`
		Roles     []staff.Role    `json:"roles"`
		Actions   []staff.Action  `json:"actions"`
		Purposes  []staff.Purpose `json:"purposes"`
		ExpiresAt int64           `json:"expires_at,omitempty"`
	}{p.Name, p.Roles, append([]staff.Action{}, p.Actions...), append([]staff.Purpose{}, p.Purposes...), 0}
	if !p.NotAfter.IsZero() {
		out.ExpiresAt = p.NotAfter.Unix()
	}
	return out, nil
}

// rateLimited limits expensive requests per network.
func (a *API) rateLimited(serve handler) handler { return limitedBy(a.limiter, serve) }

// limitedBy limits requests per network by l; nil is no limit.
func limitedBy(l *throttle.Limiter[throttle.Caller], serve handler) handler {
	return func(w http.ResponseWriter, r *request) error {
		if l != nil {
			if err := l.Allow(r.from); err != nil {
				return err
			}
		}
		return serve(w, r)
	}
}
