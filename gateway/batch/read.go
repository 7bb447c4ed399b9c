package batch

// Bounds of a body.
const (
	// Max is the most scans in one body.
	Max = 256
	// MaxDigits is the most digits of a time: the value fits an int64, and a double in
	// which a client may store it.
	MaxDigits = 15
	// MaxUpload is the longest upload key, bytes.
	MaxUpload = 64
)

// Scan is one scanned code.
type Scan struct {
	Text []byte // the text that the scanner read, a view of the body
	AtMS int64  // time of the scan, by the scanning device's clock, Unix ms
	// Upload names the scan among all of its device, so that it counts once however often it is sent: 1 to
	// MaxUpload letters, digits, - and _, a view of the body. Empty: the scan has no such name.
	Upload []byte
}

// Read reads a body into the memory of into. It overwrites the content of into, and
// allocates if into has no capacity for the scans. It returns the scans read before
// a fault along with the fault, for tests and diagnosis.
func Read(body []byte, into []Scan) ([]Scan, Refusal) {
	r := reader{body: body, scans: into[:0]}
	r.readBody()
	return r.scans, r.refusal
}

// reader parses a body. Its methods report whether to continue; if not, the refusal
// is set.
type reader struct {
	body    []byte
	at      int // the next byte
	scans   []Scan
	refusal Refusal
}

func (r *reader) refuse(f Fault, offset int) bool {
	r.refusal = Refusal{Fault: f, Scan: len(r.scans), Offset: offset}
	return false
}

// peek skips white space and returns the next byte, or 0 at the end, which starts no token.
func (r *reader) peek() byte {
	for r.at < len(r.body) {
		switch c := r.body[r.at]; c {
		case ' ', '\t', '\n', '\r':
			r.at++
		default:
			return c
		}
	}
	return 0
}

// expect skips white space and consumes c, or fails.
func (r *reader) expect(c byte) bool {
	if r.peek() != c {
		return r.refuse(Syntax, r.at)
	}
	r.at++
	return true
}

// object lists the names of an object: the first required ones must be there, the others may be missing.
type object struct {
	names    []string
	required int
}

// The objects, and the indexes of their names.
var (
	bodyObject = object{[]string{"scans"}, 1}
	scanObject = object{[]string{code: "code", scannedAt: "scanned_at_ms", upload: "upload"}, 2}
)

const (
	code      = 0
	scannedAt = 1
	upload    = 2
	end       = -1 // of the object
)

// readName reads an object up to the value of its next name. It returns the index of
// the name, or end if the object has ended. seen has a bit for each name read so far.
func (r *reader) readName(o *object, seen *uint8) (name int, ok bool) {
	if r.peek() == '}' {
		if needed := 1<<o.required - 1; int(*seen)&needed != needed {
			return end, r.refuse(Missing, r.at)
		}
		r.at++
		return end, true
	}
	if *seen != 0 && !r.expect(',') {
		return end, false
	}
	r.peek()
	start := r.at
	text, ok := r.readString()
	if !ok {
		return end, false
	}
	for i := range o.names {
		if string(text) != o.names[i] {
			continue
		}
		if *seen>>i&1 != 0 {
			return end, r.refuse(Twice, start)
		}
		*seen |= 1 << i
		return i, r.expect(':')
	}
	return end, r.refuse(Unknown, start)
}

// readBody reads the whole body.
func (r *reader) readBody() bool {
	if !r.expect('{') {
		return false
	}
	var seen uint8
	for {
		name, ok := r.readName(&bodyObject, &seen)
		if !ok {
			return false
		}
		if name == end {
			break
		}
		if !r.readScans() {
			return false
		}
	}
	if r.peek(); r.at != len(r.body) {
		return r.refuse(Syntax, r.at)
	}
	return true
}

// readScans reads the list of scans.
func (r *reader) readScans() bool {
	if !r.expect('[') {
		return false
	}
	if r.peek() == ']' {
		return r.refuse(Empty, r.at)
	}
	for {
		if r.peek() == '{' && len(r.scans) == Max {
			return r.refuse(TooMany, r.at)
		}
		if !r.readScan() {
			return false
		}
		if r.peek() == ']' {
			r.at++
			return true
		}
		if !r.expect(',') {
			return false
		}
	}
}

// readScan reads one object of the list.
func (r *reader) readScan() bool {
	if !r.expect('{') {
		return false
	}
	var s Scan
	var seen uint8
	for {
		name, ok := r.readName(&scanObject, &seen)
		if ok {
			switch name {
			case code:
				s.Text, ok = r.readString()
			case scannedAt:
				s.AtMS, ok = r.readTime()
			case upload:
				s.Upload, ok = r.readUpload()
			case end:
				r.scans = append(r.scans, s)
				return true
			}
		}
		if !ok {
			return false
		}
	}
}

// readUpload reads an upload key. It returns no key that is empty.
func (r *reader) readUpload() (key []byte, ok bool) {
	r.peek()
	start := r.at
	if key, ok = r.readString(); !ok {
		return nil, false
	}
	if len(key) == 0 || len(key) > MaxUpload {
		return nil, r.refuse(Upload, start)
	}
	for _, c := range key {
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' && c != '_' {
			return nil, r.refuse(Upload, start)
		}
	}
	return key, true
}

// readTime reads an integer. Fractions, exponents and signs are refused, although they
// are JSON: a time has one spelling.
func (r *reader) readTime() (ms int64, ok bool) {
	if r.peek(); r.at == len(r.body) {
		return 0, r.refuse(Syntax, r.at)
	}
	start := r.at
	for ; r.at < len(r.body) && r.body[r.at]-'0' <= 9; r.at++ {
		if r.at-start == MaxDigits {
			return 0, r.refuse(Number, start)
		}
		ms = 10*ms + int64(r.body[r.at]-'0')
	}
	digits := r.at - start
	if digits == 0 || digits > 1 && r.body[start] == '0' {
		return 0, r.refuse(Number, start)
	}
	if r.at < len(r.body) {
		switch r.body[r.at] {
		case '.', 'e', 'E':
			return 0, r.refuse(Number, start)
		}
	}
	return ms, true
}
