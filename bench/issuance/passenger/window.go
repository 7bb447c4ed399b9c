package passenger

import (
	"encoding/json"
	"errors"
	"time"

	"github.com/railgate/railgate/tokens"
)

// Shown is the code on the screen of a hosted session.
func (c *Client) Shown(s *Session) (string, error) {
	var shown struct{ Text string }
	err := c.do(call{what: "code", method: "GET", path: "/v1/sessions/" + s.id + "/code", bearer: s.of.access, want: 200}, &shown)
	return shown.Text, err
}

// Identify asks for the person of a code, as a window does.
func (c *Client) Identify(code, staff string) error {
	body, err := json.Marshal(map[string]string{"code": code, "purpose": "verify"})
	if err != nil {
		return err
	}
	var person struct{ Name, Serial string }
	err = c.do(call{what: "identify", method: "POST", path: "/v1/identifications", bearer: staff, body: body, want: 200}, &person)
	if err == nil && (person.Name == "" || person.Serial == "") {
		err = errors.New("identify: the answer has no name or no serial")
	}
	return err
}

// List is a question for the pseudonyms of n made-up persons on the day of now.
func List(n int, now time.Time) ([]byte, error) {
	type person struct {
		Type   string `json:"document_type"`
		Number string `json:"document_number"`
	}
	list := struct {
		Day     int64    `json:"day"`
		Persons []person `json:"persons"`
	}{Day: tokens.DayOf(now.Unix())}
	for i := range n {
		list.Persons = append(list.Persons, person{"resident_id", NewPerson(i).Number})
	}
	return json.Marshal(list)
}

// Subjects asks for the pseudonyms of a list of a thousand, as a ticketing system does.
func (c *Client) Subjects(list []byte, staff string) error {
	var told struct{ Subjects []string }
	err := c.do(call{what: "subjects", method: "POST", path: "/v1/subjects", bearer: staff, body: list, want: 200}, &told)
	if err == nil && len(told.Subjects) != 1000 {
		err = errors.New("subjects: not a pseudonym for each person")
	}
	return err
}
