package crash

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"

	"github.com/railgate/railgate/issuance"
	"github.com/railgate/railgate/issuance/provider/facecheck"
)

// worker is one client; several may act for the same person.
type worker struct {
	*system
	ctx context.Context
	r   *rand.Rand
}

type fields = map[string]any

// work runs the clients of passengers and staff until ctx ends; done waits for their last answers.
func (sys *system) work(ctx context.Context) (done func()) {
	var all sync.WaitGroup
	for n := range passengerClients + staffClients {
		p := &worker{sys, ctx, rand.New(rand.NewPCG(sys.people.seed, uint64(1+n)))}
		turn := p.turn
		if n >= passengerClients {
			turn = p.changeCredential
		}
		all.Go(func() {
			for ctx.Err() == nil {
				turn()
			}
		})
	}
	return all.Wait
}

// turn makes one request of a passenger.
func (p *worker) turn() {
	who := p.people.draw(p.r)
	t, token, has := who.pick(p.r)
	draw := p.r.IntN(100)
	switch {
	case draw < 8:
		p.account(who, token)
	case !has || draw < 16:
		p.apply(who, token)
	case draw < 24:
		p.returnToPage(who)
	case t.account && token == "":
		p.account(who, token)
	case t.bearer(token) == "":
		p.returnToPage(who)
	case t.waits && draw < 70:
		p.decide(who, &t, token)
	case t.serial == "" || draw < 45:
		p.check(who, &t, token)
	case len(t.checks) > 0 && draw < 80:
		p.openSession(who, &t, token)
	case len(t.sessions) > 0 && draw < 90:
		p.show(&t, token)
	case draw < 95:
		p.leave(who, &t, token)
	default:
		p.readStatus(who, &t, token)
	}
}

func (p *worker) call(method, path, token string, body any) answer {
	return p.system.call(p.ctx, method, path, token, body)
}

// apply submits an application; half of those with a login use it.
func (p *worker) apply(who *person, token string) {
	if p.r.IntN(2) == 0 {
		token = ""
	}
	sent := p.model.begin(anApplication)
	a := p.call("POST", "/v1/applications", token, who.Application(issuance.DefaultPolicy))
	p.model.finish(sent, a, func(int64) {
		out := decode[struct {
			Application string
			AccessToken string `json:"access_token"`
		}](p.system, a)
		made := &applied{person: who.DocumentNumber, account: token != "", jumps: p.model.jumps}
		if token == "" {
			made.tokens = []string{out.AccessToken}
		}
		p.model.applications[out.Application] = made
		who.remember(&page{application: out.Application, account: made.account, token: out.AccessToken})
	})
}

// statusBody is the status of an application in answers.
type statusBody struct {
	Application string
	Status      string
	Serial      string
}

type checkedBody struct {
	AccessToken string `json:"access_token"`
	Check       string
	Application statusBody
}

// check passes a face check, which approves the application if it is the first.
func (p *worker) check(who *person, t *page, token string) {
	sent := p.model.begin(aCheck, anApproval)
	a := p.call("POST", "/v1/applications/"+t.application+"/checks", t.bearer(token), fields{"evidence": facecheck.SandboxPass})
	p.model.finish(sent, a, func(int64) {
		out := decode[checkedBody](p.system, a)
		p.model.passed(out.Check, t.application)
		p.model.approved(t.application, out.Application.Serial)
		who.change(t.application, func(t *page) {
			t.checks, t.serial, t.waits = append(t.checks, out.Check), out.Application.Serial, a.status == http.StatusAccepted
		})
	})
	p.handleRefusal(who, t.application, a)
}

// handleRefusal reacts to status 409. Most finished applications are forgotten, so the load does
// not request them for ever, and a person with three temporary IDs is replaced.
func (p *worker) handleRefusal(who *person, application string, a answer) {
	if a.status != http.StatusConflict {
		return
	}
	code := decode[struct{ Code string }](p.system, a).Code
	if code == "quota_exceeded" && p.r.IntN(2) == 0 {
		p.people.replace(who)
	}
	if code != "real_person_check_required" && p.r.IntN(3) > 0 {
		who.forget(application)
	}
}

// decide continues an application for which the resident registry did not answer.
func (p *worker) decide(who *person, t *page, token string) {
	sent := p.model.begin(anApproval)
	a := p.call("POST", "/v1/applications/"+t.application+"/decision", t.bearer(token), fields{})
	p.model.finish(sent, a, func(int64) {
		out := decode[statusBody](p.system, a)
		p.model.approved(t.application, out.Serial)
		who.change(t.application, func(t *page) { t.serial, t.waits = out.Serial, false })
	})
}

// openSession uses a check. Two phones may try the same one.
func (p *worker) openSession(who *person, t *page, token string) {
	check := t.checks[len(t.checks)-1]
	body := fields{"check": check, "mode": "hosted"}
	if p.r.IntN(2) == 0 {
		body = fields{"check": check, "mode": "anchor", "anchor": fmt.Sprintf("%032x", p.r.Uint64())}
	}
	sent := p.model.begin(aSession)
	a := p.call("POST", "/v1/applications/"+t.application+"/sessions", t.bearer(token), body)
	p.model.finish(sent, a, func(acked int64) {
		out := decode[struct{ Session, Serial string }](p.system, a)
		login := ""
		if t.account {
			login = token
		}
		p.model.approved(t.application, out.Serial)
		p.model.opened(&opened{id: out.Session, application: t.application, check: check, login: login, acked: acked})
		who.change(t.application, func(t *page) {
			if body["mode"] == "hosted" {
				t.sessions = append(t.sessions, out.Session)
			}
		})
	})
	p.handleRefusal(who, t.application, a)
	if a.fate == answered && p.r.IntN(3) > 0 { // otherwise it is tried again
		who.change(t.application, func(t *page) {
			if n := len(t.checks); n > 0 && t.checks[n-1] == check {
				t.checks = t.checks[: n-1 : n-1]
			}
		})
	}
}

// show fetches a code. A closed session must not show one.
func (p *worker) show(t *page, token string) {
	session := t.sessions[p.r.IntN(len(t.sessions))]
	sent := p.model.begin()
	a := p.call("GET", "/v1/sessions/"+session+"/code", t.bearer(token), nil)
	p.model.finish(sent, a, func(int64) {
		if o := p.model.sessions[session]; o.closed != 0 && o.closed < sent.sent {
			p.model.faultLocked("session %s showed a code after it was acknowledged to be closed", session)
		}
	})
}

// readStatus reads the status of an application: a reported approval must persist.
func (p *worker) readStatus(who *person, t *page, token string) {
	sent := p.model.begin()
	a := p.call("GET", "/v1/applications/"+t.application, t.bearer(token), nil)
	p.model.finish(sent, a, func(int64) {
		out := decode[statusBody](p.system, a)
		if out.Serial != t.serial && t.serial != "" {
			p.model.faultLocked("application %s was approved as %s and now has status %q and serial %q", t.application, t.serial, out.Status, out.Serial)
		}
		p.model.approved(t.application, out.Serial)
		who.change(t.application, func(t *page) { t.serial = out.Serial })
	})
}
