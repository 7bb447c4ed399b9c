package crash

import (
	"fmt"
	"maps"

	"github.com/railgate/railgate/issuance"
	"github.com/railgate/railgate/issuance/provider/facecheck"
)

// password is everybody's.
const password = "kuaiche-fuxing-4711"

// leave ends the page of somebody not logged in, or what the login shows of it.
func (p *worker) leave(who *person, t *page, token string) {
	sent := p.model.send(accessOf(who.DocumentNumber))
	a := p.call("POST", "/v1/applications/"+t.application+"/leave", t.bearer(token), fields{})
	p.model.settle(sent, a, func(acked int64) {
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
			if now.token == t.token && p.r.IntN(4) > 0 { // some try the dead token once more
				now.token = ""
			}
		})
	}
}

// returnToPage comes back to the latest credential, with a new access token.
func (p *worker) returnToPage(who *person) {
	sent := p.model.send(aCheck, accessOf(who.DocumentNumber))
	a := p.call("POST", "/v1/viewings", "", with(who.Identity(), fields{"evidence": facecheck.SandboxPass, "policy": issuance.DefaultPolicy}))
	p.model.settle(sent, a, func(acked int64) {
		out := read[checkedBody](p.system, a)
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

// account registers, logs in or logs out, whichever comes next.
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
	sent := p.model.send(anAccount)
	a := p.call("POST", "/v1/accounts", "", with(holder.Identity(), fields{
		"login_name": name, "password": password, "policy": issuance.DefaultPolicy, "phone": "13800000000",
	}))
	p.model.settle(sent, a, func(int64) {
		p.model.accounts[read[struct{ Account string }](p.system, a).Account] = true
		who.mu.Lock()
		defer who.mu.Unlock()
		who.login, who.token = name, ""
	})
}

func (p *worker) logIn(who *person, name string) {
	sent := p.model.send(aLogin)
	a := p.call("POST", "/v1/logins", "", fields{"login_name": name, "password": password})
	p.model.settle(sent, a, func(int64) {
		token := read[struct{ Token string }](p.system, a).Token
		p.model.logins[token] = false
		who.mu.Lock()
		defer who.mu.Unlock()
		who.token = token
	})
}

// logOut ends this login, or now and then every login of the account. Of others
// that end with it the model knows nothing.
func (p *worker) logOut(who *person, token string) {
	path := "/v1/logins/current"
	if p.r.IntN(4) == 0 {
		path = "/v1/logins"
	}
	sent := p.model.send()
	a := p.call("DELETE", path, token, nil)
	p.model.settle(sent, a, func(acked int64) {
		p.model.logins[token] = true
		p.model.close(sent.sent, acked, func(o *opened) bool { return o.login == token })
	})
	if a.fate != unsent { // of an unknown one, the phone has forgotten the token all the same
		who.mu.Lock()
		defer who.mu.Unlock()
		if who.token == token {
			who.token = ""
		}
	}
}

// with is a form with more fields.
func with(form, more fields) fields {
	maps.Copy(form, more)
	return form
}
