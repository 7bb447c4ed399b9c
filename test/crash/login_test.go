package crash

import (
	"fmt"
	"maps"

	"github.com/railgate/railgate/issuance"
	"github.com/railgate/railgate/issuance/provider/facecheck"
)

// password is the password of every account.
const password = "kuaiche-fuxing-4711"

// leave closes the page of a passenger without a login, or the login's view of it.
func (p *worker) leave(who *person, t *page, token string) {
	sent := p.model.begin(accessOf(who.DocumentNumber))
	a := p.call("POST", "/v1/applications/"+t.application+"/leave", t.bearer(token), fields{})
	p.model.finish(sent, a, func(acked int64) {
		login := ""
		if t.account {
			login = token
		} else {
			p.model.leftWith(t.application, t.token)
		}
		p.model.close(sent.sent, acked, func(o *opened) bool { return o.application == t.application && o.login == login })
	})
	if !t.account && a.did() {
		who.change(t.application, func(now *page) {
			if now.token == t.token && p.r.IntN(4) > 0 { // some try the void token again
				now.token = ""
			}
		})
	}
}

// returnToPage returns to the latest credential, with a new access token.
func (p *worker) returnToPage(who *person) {
	sent := p.model.begin(aCheck, accessOf(who.DocumentNumber))
	a := p.call("POST", "/v1/viewings", "", with(who.Identity(), fields{"evidence": facecheck.SandboxPass, "policy": issuance.DefaultPolicy}))
	p.model.finish(sent, a, func(acked int64) {
		out := decode[checkedBody](p.system, a)
		id := out.Application.Application
		p.model.passed(out.Check, id)
		p.model.approved(id, out.Application.Serial)
		p.model.returned(id, who.DocumentNumber, out.AccessToken)
		p.model.close(sent.sent, acked, func(o *opened) bool { return o.application == id && o.login == "" })
		who.change(id, func(t *page) {
			t.token, t.serial, t.checks = out.AccessToken, out.Application.Serial, append(t.checks, out.Check)
		})
	})
}

// account registers, logs in or logs out, whichever is next.
func (p *worker) account(who *person, token string) {
	who.mu.Lock()
	name := who.login
	who.mu.Unlock()
	switch {
	case name == "":
		p.register(who)
	case token == "":
		p.logIn(who, name)
	default:
		p.logOut(who, token)
	}
}

func (p *worker) register(who *person) {
	holder := p.people.registrant()
	name := fmt.Sprintf("holder_%s", holder.DocumentNumber[6:17])
	sent := p.model.begin(anAccount)
	a := p.call("POST", "/v1/accounts", "", with(holder.Identity(), fields{
		"login_name": name, "password": password, "policy": issuance.DefaultPolicy, "phone": "13800000000",
	}))
	p.model.finish(sent, a, func(int64) {
		p.model.accounts[decode[struct{ Account string }](p.system, a).Account] = true
		who.mu.Lock()
		defer who.mu.Unlock()
		who.login, who.token = name, ""
	})
}

func (p *worker) logIn(who *person, name string) {
	sent := p.model.begin(aLogin)
	a := p.call("POST", "/v1/logins", "", fields{"login_name": name, "password": password})
	p.model.finish(sent, a, func(int64) {
		token := decode[struct{ Token string }](p.system, a).Token
		p.model.logins[token] = false
		who.mu.Lock()
		defer who.mu.Unlock()
		who.token = token
	})
}

// logOut ends this login, or sometimes every login of the account. The model does not know of the
// others.
func (p *worker) logOut(who *person, token string) {
	path := "/v1/logins/current"
	if p.r.IntN(4) == 0 {
		path = "/v1/logins"
	}
	sent := p.model.begin()
	a := p.call("DELETE", path, token, nil)
	p.model.finish(sent, a, func(acked int64) {
		p.model.logins[token] = true
		p.model.close(sent.sent, acked, func(o *opened) bool { return o.login == token })
	})
	if a.fate != unsent { // if unknown, the phone drops the token anyway
		who.mu.Lock()
		defer who.mu.Unlock()
		if who.token == token {
			who.token = ""
		}
	}
}

// with returns a form with more fields.
func with(form, more fields) fields {
	maps.Copy(form, more)
	return form
}
