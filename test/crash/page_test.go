package crash

import (
	"fmt"

	"github.com/railgate/railgate/issuance"
	"github.com/railgate/railgate/issuance/provider/facecheck"
)

// thePassword is everybody's.
const thePassword = "kuaiche-fuxing-4711"

// leave ends the page of somebody not logged in, or what the login shows of it.
func (p *phone) leave(who *person, t *thing, token string) {
	sent := p.book.send(accessOf(who.number))
	a := p.call("POST", "/v1/applications/"+t.application+"/leave", t.bearer(token), fields{})
	p.book.settle(sent, a, func(acked int64) {
		login := ""
		if t.account {
			login = token
		} else {
			p.book.leftWith(t.application, t.token)
		}
		p.book.close(sent.sent, acked, func(o *opened) bool { return o.application == t.application && o.login == login })
	})
	if !t.account && a.did() {
		who.change(t.application, func(now *thing) {
			if now.token == t.token && p.r.IntN(4) > 0 { // some try the dead token once more
				now.token = ""
			}
		})
	}
}

// reenter comes back to the latest credential, with a new access token.
func (p *phone) reenter(who *person) {
	sent := p.book.send(aCheck, accessOf(who.number))
	a := p.call("POST", "/v1/viewings", "", fields{
		"name": who.name, "document_type": "resident_id", "document_number": who.number, "evidence": facecheck.SandboxPass, "policy": issuance.DefaultPolicy,
	})
	p.book.settle(sent, a, func(acked int64) {
		out := read[checkedBody](p.house, a)
		id := out.Application.Application
		p.book.passed(out.Check, id)
		p.book.approved(id, out.Application.Serial)
		p.book.entered(id, who.number, out.AccessToken)
		p.book.close(sent.sent, acked, func(o *opened) bool { return o.application == id && o.login == "" })
		who.change(id, func(t *thing) {
			t.token, t.serial, t.checks = out.AccessToken, out.Application.Serial, append(t.checks, out.Check)
		})
	})
}

// account registers, logs in or logs out, whichever comes next.
func (p *phone) account(who *person, token string) {
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

func (p *phone) register(who *person) {
	holder := p.crowd.registrant()
	name := fmt.Sprintf("holder_%s", holder.number[6:17])
	sent := p.book.send(anAccount)
	a := p.call("POST", "/v1/accounts", "", fields{
		"login_name": name, "password": thePassword, "policy": issuance.DefaultPolicy, "name": holder.name,
		"document_type": "resident_id", "document_number": holder.number, "phone": "13800000000",
	})
	p.book.settle(sent, a, func(int64) {
		p.book.accounts[read[struct{ Account string }](p.house, a).Account] = true
		who.mu.Lock()
		defer who.mu.Unlock()
		who.login, who.token = name, ""
	})
}

func (p *phone) logIn(who *person, name string) {
	sent := p.book.send(aLogin)
	a := p.call("POST", "/v1/logins", "", fields{"login_name": name, "password": thePassword})
	p.book.settle(sent, a, func(int64) {
		token := read[struct{ Token string }](p.house, a).Token
		p.book.logins[token] = false
		who.mu.Lock()
		defer who.mu.Unlock()
		who.token = token
	})
}

// logOut ends this login, or now and then every login of the account. Of others
// that end with it the book knows nothing.
func (p *phone) logOut(who *person, token string) {
	path := "/v1/logins/current"
	if p.r.IntN(4) == 0 {
		path = "/v1/logins"
	}
	sent := p.book.send()
	a := p.call("DELETE", path, token, nil)
	p.book.settle(sent, a, func(acked int64) {
		p.book.logins[token] = true
		p.book.close(sent.sent, acked, func(o *opened) bool { return o.login == token })
	})
	if a.fate != unsent { // of an unknown one, the phone has forgotten the token all the same
		who.mu.Lock()
		defer who.mu.Unlock()
		if who.token == token {
			who.token = ""
		}
	}
}
