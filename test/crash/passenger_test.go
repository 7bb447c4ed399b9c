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

// worker is one client; several may be the same person's.
type worker struct {
	*system
	ctx context.Context
	r   *rand.Rand
}

type fields = map[string]any

// work has the clients of passengers and staff work until ctx ends; done waits for their
// last answers.
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

// turn does one page that a passenger does.
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
		p.open(who, &t, token)
	case len(t.sessions) > 0 && draw < 90:
		p.show(&t, token)
	case draw < 95:
		p.leave(who, &t, token)
	default:
		p.look(who, &t, token)
	}
}

func (p *worker) call(method, path, token string, body any) answer {
	return p.system.call(p.ctx, method, path, token, body)
}

// apply hands in an application; half of those who are logged in do so as such.
func (p *worker) apply(who *person, token string) {
	if p.r.IntN(2) == 0 {
		token = ""
	}
	sent := p.model.send(anApplication)
	a := p.call("POST", "/v1/applications", token, who.Application(issuance.DefaultPolicy))
	p.model.settle(sent, a, func(int64) {
		out := read[struct {
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

// standingBody is how an application stands, in answers.
type standingBody struct {
	Application string
	Status      string
	Serial      string
}

type checkedBody struct {
	AccessToken string `json:"access_token"`
	Check       string
	Application standingBody
}

// check passes a face check, which approves the application if it is the first.
func (p *worker) check(who *person, t *page, token string) {
	sent := p.model.send(aCheck, anApproval)
	a := p.call("POST", "/v1/applications/"+t.application+"/checks", t.bearer(token), fields{"evidence": facecheck.SandboxPass})
	p.model.settle(sent, a, func(int64) {
		out := read[checkedBody](p.system, a)
		p.model.passed(out.Check, t.application)
		p.model.approved(t.application, out.Application.Serial)
		who.change(t.application, func(t *page) {
			t.checks, t.serial, t.waits = append(t.checks, out.Check), out.Application.Serial, a.status == http.StatusAccepted
		})
	})
	p.over(who, t.application, a)
}

// over draws the consequence of a refusal: most of what is over is forgotten, so
// that the load does not ask for it for ever, and who has had three IDs goes.
func (p *worker) over(who *person, application string, a answer) {
	if a.status != http.StatusConflict {
		return
	}
	code := read[struct{ Code string }](p.system, a).Code
	if code == "quota_exceeded" && p.r.IntN(2) == 0 {
		p.people.replace(who)
	}
	if code != "real_person_check_required" && p.r.IntN(3) > 0 {
		who.forget(application)
	}
}

// decide goes on where the resident registry did not answer.
func (p *worker) decide(who *person, t *page, token string) {
	sent := p.model.send(anApproval)
	a := p.call("POST", "/v1/applications/"+t.application+"/decision", t.bearer(token), fields{})
	p.model.settle(sent, a, func(int64) {
		out := read[standingBody](p.system, a)
		p.model.approved(t.application, out.Serial)
		who.change(t.application, func(t *page) { t.serial, t.waits = out.Serial, false })
	})
}

// open uses up a check. Two phones may try with the same one.
func (p *worker) open(who *person, t *page, token string) {
	check := t.checks[len(t.checks)-1]
	body := fields{"check": check, "mode": "hosted"}
	if p.r.IntN(2) == 0 {
		body = fields{"check": check, "mode": "anchor", "anchor": fmt.Sprintf("%032x", p.r.Uint64())}
	}
	sent := p.model.send(aSession)
	a := p.call("POST", "/v1/applications/"+t.application+"/sessions", t.bearer(token), body)
	p.model.settle(sent, a, func(acked int64) {
		out := read[struct{ Session, Serial string }](p.system, a)
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
	p.over(who, t.application, a)
	if a.fate == answered && p.r.IntN(3) > 0 { // else it is tried once more
		who.change(t.application, func(t *page) {
			if n := len(t.checks); n > 0 && t.checks[n-1] == check {
				t.checks = t.checks[: n-1 : n-1]
			}
		})
	}
}

// show fetches a code. What is closed must not be shown.
func (p *worker) show(t *page, token string) {
	session := t.sessions[p.r.IntN(len(t.sessions))]
	sent := p.model.send()
	a := p.call("GET", "/v1/sessions/"+session+"/code", t.bearer(token), nil)
	p.model.settle(sent, a, func(int64) {
		if o := p.model.sessions[session]; o.closed != 0 && o.closed < sent.sent {
			p.model.faultLocked("session %s showed a code after it was acknowledged to be closed", session)
		}
	})
}

// look asks how an application stands: an approval that was told stays told.
func (p *worker) look(who *person, t *page, token string) {
	sent := p.model.send()
	a := p.call("GET", "/v1/applications/"+t.application, t.bearer(token), nil)
	p.model.settle(sent, a, func(int64) {
		out := read[standingBody](p.system, a)
		if out.Serial != t.serial && t.serial != "" {
			p.model.faultLocked("application %s was approved as %s and now stands as %q with %q", t.application, t.serial, out.Status, out.Serial)
		}
		p.model.approved(t.application, out.Serial)
		who.change(t.application, func(t *page) { t.serial = out.Serial })
	})
}
