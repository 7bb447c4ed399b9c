package harness

import (
	"net/http"

	"github.com/railgate/railgate/test/harness/passenger"
	"github.com/railgate/railgate/tokens"
)

// The evidence that makes the sandbox for face checks pass or fail.
const (
	FacePasses = passenger.FacePasses
	FaceFails  = passenger.FaceFails
)

// Standing is how an application stands.
type Standing struct {
	Application, Status, Serial string
	RefusedFor                  string `json:"refused_for"`
	SubmittedAt                 int64  `json:"submitted_at"`
	ApprovedAt                  int64  `json:"approved_at"`
	ExpiresAt                   int64  `json:"expires_at"`
	RenewableAt                 int64  `json:"renewable_at"`
}

// Passenger is a person with an application, and their phone's data of it.
type Passenger struct {
	h      *Harness
	Person Person
	Token  string // access token, or that of a login
	Standing

	session *passenger.Session // that the phone shows; without links the issuer makes the codes
}

// Apply submits an application of a person who is not logged in.
func (h *Harness) Apply(who Person) *Passenger {
	h.T.Helper()
	return h.applied(who, "", h.Call("POST", "/v1/applications", "", who.Application()))
}

func (h *Harness) applied(who Person, login string, a Answer) *Passenger {
	h.T.Helper()
	out := As[struct {
		Standing
		Token string `json:"access_token"`
	}](h.T, a, http.StatusCreated)
	if login != "" {
		out.Token = login
	}
	return &Passenger{h: h, Person: who, Token: out.Token, Standing: out.Standing}
}

// Call sends a request about the application; path follows /v1/applications/{id}.
func (p *Passenger) Call(method, path string, body any) Answer {
	p.h.T.Helper()
	return p.h.Call(method, "/v1/applications/"+p.Application+path, p.Token, body)
}

// Now is how the application stands now.
func (p *Passenger) Now() Standing {
	p.h.T.Helper()
	return As[Standing](p.h.T, p.Call("GET", "", nil), http.StatusOK)
}

// Check passes the face check and returns its id; the first one approves the application.
func (p *Passenger) Check() (check string) {
	p.h.T.Helper()
	out := As[struct {
		Check       string
		Application Standing
	}](p.h.T, p.TryCheck(FacePasses), http.StatusCreated)
	out.Application.Application = p.Application
	p.Standing = out.Application
	return out.Check
}

// TryCheck has the face checked with an outcome of the test's choice.
func (p *Passenger) TryCheck(evidence string) Answer {
	p.h.T.Helper()
	return p.Call("POST", "/checks", Object{"evidence": evidence})
}

// Approved applies for a person and passes the face check.
func (h *Harness) Approved(who Person) (p *Passenger, check string) {
	h.T.Helper()
	p = h.Apply(who)
	return p, p.Check()
}

// Showing is a passenger whose phone shows a code.
func (h *Harness) Showing(who Person) *Passenger {
	h.T.Helper()
	p, check := h.Approved(who)
	p.Show(check)
	return p
}

// Show opens a session on a passed check; the phone makes the codes.
func (p *Passenger) Show(check string) {
	p.h.T.Helper()
	var err error
	p.session, err = p.h.client.Show(p.h.T.Context(), p.application(), check, tokens.Link{1, 2, 3})
	p.h.must(err)
}

// Host opens a session on a passed check; the issuer makes the codes.
func (p *Passenger) Host(check string) {
	p.h.T.Helper()
	var err error
	p.session, err = p.h.client.Host(p.h.T.Context(), p.application(), check)
	p.h.must(err)
}

func (p *Passenger) application() *passenger.Application {
	p.h.T.Helper()
	serial, err := tokens.ParseSerial(p.Serial)
	p.h.must(err)
	return &passenger.Application{ID: p.Application, Access: p.Token, Serial: serial}
}

// Step is the 60-second period of the session that the clock is in.
func (p *Passenger) Step() int { return p.session.Step(p.h.Clock.Now()) }

// Code is what the phone shows now. After the last period it still shows the last code,
// as a phone does that was left alone.
func (p *Passenger) Code() string {
	p.h.T.Helper()
	if p.session.Links == nil {
		return As[struct{ Text string }](p.h.T, p.TryCode(), http.StatusOK).Text
	}
	return p.session.Text(p.h.Clock.Now())
}

// CodeAt is the code of a period, made by the phone.
func (p *Passenger) CodeAt(step int) string {
	t := p.session.Code(step)
	return t.Text()
}

// TryCode asks the issuer for the code of a hosted session.
func (p *Passenger) TryCode() Answer {
	p.h.T.Helper()
	return p.h.Call("GET", p.session.CodePath(), p.Token, nil)
}

// Leave closes the page.
func (p *Passenger) Leave() Answer {
	p.h.T.Helper()
	return p.Call("POST", "/leave", Object{})
}

// TryView has a person who is not logged in return to their credential.
func (h *Harness) TryView(who Person, evidence string) Answer {
	h.T.Helper()
	return h.Call("POST", "/v1/viewings", "", Object{
		"name": who.Name, "document_type": who.DocumentType, "document_number": who.DocumentNumber, "evidence": evidence, "policy": Policy})
}

// View comes back with a face check that passes, and returns the check.
func (h *Harness) View(who Person) (p *Passenger, check string) {
	h.T.Helper()
	out := As[struct {
		Token       string `json:"access_token"`
		Check       string
		Application Standing
	}](h.T, h.TryView(who, FacePasses), http.StatusCreated)
	return &Passenger{h: h, Person: who, Token: out.Token, Standing: out.Application}, out.Check
}
