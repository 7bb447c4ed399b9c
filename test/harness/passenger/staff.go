package passenger

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/railgate/railgate/tokens"
)

// Revoke revokes a credential as staff do. A successful answer means that the revocation is
// durable.
func (c *Client) Revoke(ctx context.Context, serial tokens.Serial, staff string) error {
	return c.setRevoked(ctx, serial, staff, "revoke", map[string]string{"reason": "staff"})
}

// Unrevoke undoes a revocation.
func (c *Client) Unrevoke(ctx context.Context, serial tokens.Serial, staff string) error {
	return c.setRevoked(ctx, serial, staff, "unrevoke", struct{}{})
}

func (c *Client) setRevoked(ctx context.Context, serial tokens.Serial, staff, what string, body any) error {
	var accepted struct {
		Serial string `json:"serial"`
	}
	err := c.Call(ctx, what, http.MethodPost, "/v1/credentials/"+serial.String()+"/"+what, staff, body, http.StatusAccepted, &accepted)
	if err == nil && accepted.Serial != serial.String() {
		err = fmt.Errorf("%s: the answer names another serial", what)
	}
	return err
}

// Identify asks for the person behind a code, as a window does.
func (c *Client) Identify(ctx context.Context, code, staff string) error {
	var person struct{ Name, Serial string }
	body := map[string]string{"code": code, "purpose": "verify"}
	err := c.Call(ctx, "identify", http.MethodPost, "/v1/identifications", staff, body, http.StatusOK, &person)
	if err == nil && (person.Name == "" || person.Serial == "") {
		err = errors.New("identify: the answer has no name or no serial")
	}
	return err
}

// Question returns the body of a request for the pseudonyms of people on a day.
func Question(day int64, people []Person) json.RawMessage {
	type person struct {
		Type   string `json:"document_type"`
		Number string `json:"document_number"`
	}
	list := make([]person, len(people))
	for i, p := range people {
		list[i] = person{p.DocumentType, p.DocumentNumber}
	}
	text, err := json.Marshal(map[string]any{"day": day, "persons": list})
	if err != nil {
		panic(err) // strings and a number
	}
	return text
}

// Subjects sends a [Question] about the given number of people, as a ticketing system does.
func (c *Client) Subjects(ctx context.Context, question json.RawMessage, people int, staff string) error {
	var told struct{ Subjects []string }
	err := c.Call(ctx, "subjects", http.MethodPost, "/v1/subjects", staff, question, http.StatusOK, &told)
	if err == nil && len(told.Subjects) != people {
		err = errors.New("subjects: the answer does not have one pseudonym for each person")
	}
	return err
}

// Gate is a device of a gateway.
type Gate struct {
	URL    string // base URL of the gateway
	Device string // credential; empty: none
	More   string // further parameters of checks, such as "&receipt=1"
	Send   Sender
}

// Verdict is a gateway's answer to a scan.
type Verdict struct {
	Verdict    string `json:"verdict"`
	Reason     string `json:"reason"`
	Class      string `json:"class"`
	Serial     string `json:"serial"`
	Left       int    `json:"seconds_left"`
	Receipt    string `json:"receipt"` // if it was asked for
	Revocation struct {
		State       string `json:"state"`
		WatermarkMS int64  `json:"watermark_ms"`
	} `json:"revocation"`
	Passback struct {
		State   string `json:"state"`
		Result  string `json:"result"`
		Flagged bool   `json:"flagged"`
		AgeMS   int64  `json:"age_ms"`
	} `json:"passback"` // if the device's policy is not off
	Ticket struct {
		State   string `json:"state"`
		Flagged bool   `json:"flagged"`
		Train   string `json:"train"`
		Coach   string `json:"coach"`
		Seat    string `json:"seat"`
	} `json:"ticket"` // if the device's policy is not ignore
	Code string `json:"code"` // of a problem, which has no verdict
}

// Ask sends the text of a code to be checked for one scope.
func (g *Gate) Ask(ctx context.Context, text, scope string) (Answer, error) {
	return g.Send(ctx, Request{Method: http.MethodPost, URL: g.URL + "/v1/check?scope=" + scope + g.More, Bearer: g.Device, Media: "text/plain", Body: []byte(text)})
}

// Check is [Gate.Ask] and decodes the answer. A problem is not an error: it has a Code instead of a
// Reason.
func (g *Gate) Check(ctx context.Context, text, scope string) (Verdict, error) {
	answer, err := g.Ask(ctx, text, scope)
	if err != nil {
		return Verdict{}, err
	}
	return answer.Verdict()
}

// Verdict decodes a gateway's answer.
func (a Answer) Verdict() (v Verdict, err error) {
	if err := json.Unmarshal(a.Body, &v); err != nil || v.Reason == "" && v.Code == "" {
		return v, fmt.Errorf("the gateway answered %d without a verdict or problem", a.Status)
	}
	return v, nil
}
