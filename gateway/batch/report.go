package batch

// Report is a gate's report on its barrier after an allowed check:
//
//	{"serial":"20494-17","scope":"entry","passed":true}
type Report struct {
	Serial []byte // of the credential, as in the verdict, a view of the body; not validated
	Scope  []byte // as in the check, a view of the body; not validated
	Passed bool   // false: the barrier was opened and did not turn
}

var reportObject = object{[]string{serial: "serial", scope: "scope", passed: "passed"}, 3}

const (
	serial = 0
	scope  = 1
	passed = 2
)

// ReadReport reads the report of a barrier, as strictly as [Read] reads a batch: all three names, none twice,
// no other, and no bytes after the end. Like Read it decodes escapes inside the body. The Refusal of another
// body has 0 scans.
func ReadReport(body []byte) (Report, Refusal) {
	r := reader{body: body}
	var report Report
	if !r.readReport(&report) {
		return Report{}, r.refusal
	}
	return report, Refusal{}
}

func (r *reader) readReport(into *Report) bool {
	if !r.expect('{') {
		return false
	}
	var seen uint8
	for {
		name, ok := r.readName(&reportObject, &seen)
		if ok {
			switch name {
			case serial:
				into.Serial, ok = r.readString()
			case scope:
				into.Scope, ok = r.readString()
			case passed:
				into.Passed, ok = r.readBool()
			case end:
				if r.peek(); r.at != len(r.body) {
					return r.refuse(Syntax, r.at)
				}
				return true
			}
		}
		if !ok {
			return false
		}
	}
}

// readBool reads true or false.
func (r *reader) readBool() (value, ok bool) {
	r.peek()
	for _, word := range []string{"true", "false"} {
		if rest := r.body[r.at:]; len(rest) >= len(word) && string(rest[:len(word)]) == word {
			r.at += len(word)
			return word == "true", true
		}
	}
	return false, r.refuse(Syntax, r.at)
}
