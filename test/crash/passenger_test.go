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

// phone is one client; several may be the same person's.
type phone struct {
	*house
	ctx context.Context
	r   *rand.Rand
}

type fields = map[string]any

// work lets phones and desks ask until ctx ends; done waits for their last answers.
func (h *house) work(ctx context.Context) (done func()) {
	var all sync.WaitGroup
	for n := range thePhones + theDesks {
		p := &phone{h, ctx, rand.New(rand.NewPCG(h.crowd.seed, uint64(1+n)))}
		turn := p.turn
		if n >= thePhones {
			turn = p.say
		}
		all.Go(func() {
			for ctx.Err() == nil {
				turn()
			}
		})
	}
	return all.Wait
}

// turn does one thing that a passenger does.
func (p *phone) turn() {
	who := p.crowd.draw(p.r)
	t, token, has := who.pick(p.r)
	draw := p.r.IntN(100)
	switch {
	case draw < 8:
		p.account(who, token)
	case !has || draw < 16:
		p.apply(who, token)
	case draw < 24:
		p.reenter(who)
	case t.account && token == "":
		p.account(who, token)
	case t.bearer(token) == "":
		p.reenter(who)
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

func (p *phone) call(method, path, token string, body any) answer {
	return p.house.call(p.ctx, method, path, token, body)
}

// apply hands in an application; half of those who are logged in do so as such.
func (p *phone) apply(who *person, token string) {
	if p.r.IntN(2) == 0 {
		token = ""
	}
	sent := p.book.send(anApplication)
	a := p.call("POST", "/v1/applications", token, fields{
		"name": who.name, "document_type": "resident_id", "document_number": who.number, "city": "北京",
		"location": fields{"latitude": 39.9, "longitude": 116.4}, "policy": issuance.DefaultPolicy,
	})
	p.book.settle(sent, a, func(int64) {
		out := read[struct {
			Application string
			AccessToken string `json:"access_token"`
		}](p.house, a)
		made := &applied{person: who.number, account: token != "", jumps: p.book.jumps}
		if token == "" {
			made.tokens = []string{out.AccessToken}
		}
		p.book.applications[out.Application] = made
		who.remember(&thing{application: out.Application, account: made.account, token: out.AccessToken})
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

// check passes a real-person check, which approves the application if it is the first.
func (p *phone) check(who *person, t *thing, token string) {
	sent := p.book.send(aCheck, anApproval)
	a := p.call("POST", "/v1/applications/"+t.application+"/checks", t.bearer(token), fields{"evidence": facecheck.SandboxPass})
	p.book.settle(sent, a, func(int64) {
		out := read[checkedBody](p.house, a)
		p.book.passed(out.Check, t.application)
		p.book.approved(t.application, out.Application.Serial)
		who.change(t.application, func(t *thing) {
			t.checks, t.serial, t.waits = append(t.checks, out.Check), out.Application.Serial, a.status == http.StatusAccepted
		})
	})
	p.over(who, t.application, a)
}

// over draws the consequence of a refusal: most of what is over is forgotten, so
// that the load does not ask for it for ever, and who has had three IDs goes.
func (p *phone) over(who *person, application string, a answer) {
	if a.status != http.StatusConflict {
		return
	}
	code := read[struct{ Code string }](p.house, a).Code
	if code == "quota_exceeded" && p.r.IntN(2) == 0 {
		p.crowd.spent(who)
	}
	if code != "real_person_check_required" && p.r.IntN(3) > 0 {
		who.forget(application)
	}
}

// decide goes on where the resident registry did not answer.
func (p *phone) decide(who *person, t *thing, token string) {
	sent := p.book.send(anApproval)
	a := p.call("POST", "/v1/applications/"+t.application+"/decision", t.bearer(token), fields{})
	p.book.settle(sent, a, func(int64) {
		out := read[standingBody](p.house, a)
		p.book.approved(t.application, out.Serial)
		who.change(t.application, func(t *thing) { t.serial, t.waits = out.Serial, false })
	})
}

// open uses up a check. Two phones may try with the same one.
func (p *phone) open(who *person, t *thing, token string) {
	check := t.checks[len(t.checks)-1]
	body := fields{"check": check, "mode": "hosted"}
	if p.r.IntN(2) == 0 {
		body = fields{"check": check, "mode": "anchor", "anchor": fmt.Sprintf("%032x", p.r.Uint64())}
	}
	sent := p.book.send(aSession)
	a := p.call("POST", "/v1/applications/"+t.application+"/sessions", t.bearer(token), body)
	p.book.settle(sent, a, func(acked int64) {
		out := read[struct{ Session, Serial string }](p.house, a)
		login := ""
		if t.account {
			login = token
		}
		p.book.approved(t.application, out.Serial)
		p.book.opened(&opened{id: out.Session, application: t.application, check: check, login: login, acked: acked})
		who.change(t.application, func(t *thing) {
			if body["mode"] == "hosted" {
				t.sessions = append(t.sessions, out.Session)
			}
		})
	})
	p.over(who, t.application, a)
	if a.fate == answered && p.r.IntN(3) > 0 { // else it is tried once more
		who.change(t.application, func(t *thing) {
			if n := len(t.checks); n > 0 && t.checks[n-1] == check {
				t.checks = t.checks[: n-1 : n-1]
			}
		})
	}
}

// show fetches a code. What is closed must not be shown.
func (p *phone) show(t *thing, token string) {
	session := t.sessions[p.r.IntN(len(t.sessions))]
	sent := p.book.send()
	a := p.call("GET", "/v1/sessions/"+session+"/code", t.bearer(token), nil)
	p.book.settle(sent, a, func(int64) {
		if o := p.book.sessions[session]; o.closed != 0 && o.closed < sent.sent {
			p.book.faultf("session %s showed a code after it was acknowledged to be closed", session)
		}
	})
}

// look asks how an application stands: an approval that was told stays told.
func (p *phone) look(who *person, t *thing, token string) {
	sent := p.book.send()
	a := p.call("GET", "/v1/applications/"+t.application, t.bearer(token), nil)
	p.book.settle(sent, a, func(int64) {
		out := read[standingBody](p.house, a)
		if out.Serial != t.serial && t.serial != "" {
			p.book.faultf("application %s was approved as %s and now stands as %q with %q", t.application, t.serial, out.Status, out.Serial)
		}
		p.book.approved(t.application, out.Serial)
		who.change(t.application, func(t *thing) { t.serial = out.Serial })
	})
}
