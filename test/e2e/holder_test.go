package e2e

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"github.com/railgate/railgate/issuance"
	"github.com/railgate/railgate/test/idnumber"
	"github.com/railgate/railgate/tokens"
)

// holder is a passenger with an open session.
type holder struct {
	serial string
	path   string // of the application
	access string
	pass   tokens.SignedPass
	links  []tokens.Link
	start  int64
}

func (h *holder) text() string {
	step := (time.Now().Unix() - h.start) / tokens.Period
	code := tokens.Assemble(&h.pass, uint8(step), h.links[step])
	return code.Text()
}

// holder goes a passenger's way through the issuer.
func (s *station) holder() *holder {
	s.t.Helper()
	var applied struct {
		Application string
		AccessToken string `json:"access_token"`
	}
	s.people++
	s.must(201, "/v1/applications", "", fmt.Sprintf(`{"name":"测试","document_type":"resident_id","document_number":%q,
		"city":"北京","location":{"latitude":39.9,"longitude":116.4},"policy":%q}`, personNumber(s.people), issuance.DefaultPolicy), &applied)
	path := "/v1/applications/" + applied.Application
	var checked struct {
		Check       string
		Application struct{ Serial string }
	}
	s.must(201, path+"/checks", applied.AccessToken, `{"evidence":"sandbox:pass"}`, &checked)
	serial, err := tokens.ParseSerial(checked.Application.Serial)
	if err != nil {
		s.t.Fatal(err)
	}
	anchor, links := tokens.Chain(tokens.Link{1, 2, 3}, serial, tokens.Length)
	var opened struct {
		Pass    string
		StartAt int64 `json:"start_at"`
	}
	s.must(201, path+"/sessions", applied.AccessToken,
		fmt.Sprintf(`{"check":%q,"mode":"anchor","anchor":"%x"}`, checked.Check, anchor), &opened)
	pass, err := hex.DecodeString(opened.Pass)
	if err != nil || len(pass) != tokens.PassSize {
		s.t.Fatalf("the issuer sent a pass of %d bytes", len(pass))
	}
	return &holder{serial: serial.String(), path: path, access: applied.AccessToken, pass: tokens.SignedPass(pass), links: links, start: opened.StartAt}
}

// leave closes the holder's page.
func (s *station) leave(h *holder) {
	s.t.Helper()
	if status, text := s.post(s.issuerURL+h.path+"/leave", h.access, "application/json", "{}"); status != 204 {
		s.t.Fatalf("leaving was answered %d: %s", status, text)
	}
}

// personNumber is the resident ID number of the n-th test person, born too long
// ago to be anybody.
func personNumber(n int) string {
	return idnumber.Complete(fmt.Sprintf("11010519000101%03d", n))
}

func (s *station) must(want int, path, bearer, body string, out any) {
	s.t.Helper()
	status, text := s.post(s.issuerURL+path, bearer, "application/json", body)
	if status != want {
		s.t.Fatalf("%s answered %d: %s", path, status, text)
	}
	if err := json.Unmarshal([]byte(text), out); err != nil {
		s.t.Fatal(err)
	}
}
