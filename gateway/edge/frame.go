package edge

import "bytes"

const (
	// frameBytes is the longest head that is framed. Servers refuse even shorter ones.
	frameBytes = 16 << 10
	// extensionBytes bounds the chunk extensions of a body, in sum: they have no meaning
	// here, and without a bound a body of one byte could be endless.
	extensionBytes = 1 << 10
	// lengthDigits and sizeDigits keep lengths and chunk sizes below 63 bits.
	lengthDigits = 18
	sizeDigits   = 15
)

// stage is the next part of a request.
type stage uint8

const (
	inHead   stage = iota
	inLength       // a body of known length
	inChunks
	ended // the request is complete
	// blind: the head does not validly give the end of its body. ReadHead refuses such
	// heads, so bytes pass unframed and no other request follows.
	blind
)

// frame finds the end of each request in the bytes of a connection. Heads end where
// fasthttp ends them. Chunked bodies are framed as in RFC 9112 section 7.1, without a
// trailer section.
type frame struct {
	stage  stage
	left   int // remaining bytes of the body, or of the chunk
	chunks chunks
	head   []byte // the beginning of an incomplete head

	// The last head that arrived in one piece, and the body that it announced: a gate
	// sends the same head with every request.
	last     []byte
	lastBody body
}

// body is the framing that a head gives its body.
type body struct {
	known   bool // false: blind
	chunked bool
	length  int
}

// next drops the request that has ended, but keeps the last head.
func (f *frame) next() {
	f.stage, f.head = inHead, f.head[:0]
}

// consume takes the next bytes of the connection and returns how many belong to this
// request. A fault is in the byte after those.
func (f *frame) consume(b []byte) (n int, fault Fault) {
	if f.stage == inHead {
		end, body, ok := f.findHeadEnd(b)
		if !ok {
			return len(b), NoFault
		}
		n = end
		switch {
		case !body.known:
			f.stage = blind
		case body.chunked:
			f.stage, f.chunks = inChunks, chunks{}
		case body.length == 0:
			f.stage = ended
		default:
			f.stage, f.left = inLength, body.length
		}
	}
	switch f.stage {
	case inLength:
		m := min(f.left, len(b)-n)
		n += m
		if f.left -= m; f.left == 0 {
			f.stage = ended
		}
	case inChunks:
		m, whole, fault := f.chunks.consume(b[n:])
		n += m
		if whole {
			f.stage = ended
		}
		return n, fault
	case blind:
		n = len(b)
	}
	return n, NoFault
}

var headEnd = []byte("\n\r\n") // a request line may end in LF alone

// findHeadEnd looks for the end of the head.
func (f *frame) findHeadEnd(b []byte) (end int, of body, ok bool) {
	if len(f.head) == 0 {
		if len(f.last) > 0 && len(b) >= len(f.last) && bytes.Equal(b[:len(f.last)], f.last) {
			return len(f.last), f.lastBody, true
		}
		start := 0
		for start < len(b) && (b[start] == '\r' || b[start] == '\n') {
			start++ // empty lines before the request line
		}
		i := bytes.Index(b[start:], headEnd)
		if i < 0 {
			f.head = append(f.head, b[start:]...)
			return 0, body{}, false
		}
		end = start + i + len(headEnd)
		of = readBody(b[start:end])
		if f.last = f.last[:0]; start == 0 && end <= MemoBytes {
			f.last, f.lastBody = append(f.last, b[:end]...), of
		}
		return end, of, true
	}
	old := len(f.head)
	if old+len(b) > frameBytes {
		f.stage = blind
		return 0, body{}, false
	}
	f.head = append(f.head, b...)
	from := max(0, old-len(headEnd)+1)
	i := bytes.Index(f.head[from:], headEnd)
	if i < 0 {
		return 0, body{}, false
	}
	end = from + i + len(headEnd)
	of = readBody(f.head[:end])
	f.head = f.head[:0]
	return end - old, of, true
}

// readBody returns the framing of the body that follows a complete head.
func readBody(head []byte) (b body) {
	_, lines, _ := bytes.Cut(head, []byte{'\n'}) // after the request line
	found := false
	for len(lines) > 0 {
		end := bytes.IndexByte(lines, '\n')
		if end < 1 || lines[end-1] != '\r' {
			return body{}
		}
		line := lines[:end-1]
		lines = lines[end+1:]
		name := token(line)
		if name == len(line) || line[name] != ':' {
			if len(line) == 0 {
				break
			}
			return body{}
		}
		value := trim(line[name+1:])
		switch {
		case isName(line[:name], "content-length"):
			if found || !isLength(value) {
				return body{}
			}
			found = true
			for _, digit := range value {
				b.length = 10*b.length + int(digit-'0')
			}
		case isName(line[:name], "transfer-encoding"):
			if found || string(value) != "chunked" {
				return body{}
			}
			found, b.chunked = true, true
		}
	}
	b.known = true
	return b
}

func isLength(s []byte) bool {
	for _, b := range s {
		if b < '0' || b > '9' {
			return false
		}
	}
	return len(s) > 0 && len(s) <= lengthDigits
}

// spot is the next part of a chunked body.
type spot uint8

const (
	atSize      spot = iota // digits of a chunk's size
	inExtension             // after the size
	atSizeLF
	inData
	atDataCR
	atDataLF
	atEndCR // after the last chunk, where a trailer section could begin
	atEndLF
)

// chunks reads the framing of one chunked body.
type chunks struct {
	spot       spot
	digits     int // of the size so far
	left       int // the size so far; then the remaining bytes of the chunk
	extensions int // bytes in the whole body
}

// consume returns how many bytes belong to the body, and whether it ends there. A fault
// is in the byte after those.
func (c *chunks) consume(b []byte) (n int, whole bool, fault Fault) {
	for n < len(b) {
		if c.spot == inData {
			m := min(c.left, len(b)-n)
			n += m
			if c.left -= m; c.left == 0 {
				c.spot = atDataCR
			}
			continue
		}
		if fault = c.step(b[n]); fault != NoFault {
			return n, false, fault
		}
		n++
		if c.spot == atSize && c.digits < 0 {
			return n, true, NoFault
		}
	}
	return n, false, NoFault
}

// step consumes one byte of the framing. After the last byte, digits is negative.
func (c *chunks) step(b byte) Fault {
	switch c.spot {
	case atSize:
		switch digit := hexDigit(b); {
		case digit >= 0:
			if c.digits++; c.digits > sizeDigits {
				return Malformed
			}
			c.left = c.left<<4 | digit
		case c.digits == 0:
			return Malformed
		case b == ';':
			c.spot = inExtension
			return c.extend()
		case b == '\r':
			c.spot = atSizeLF
		default:
			return Malformed
		}
	case inExtension:
		switch {
		case b == '\r':
			c.spot = atSizeLF
		case b < ' ' && b != '\t', b == 0x7f:
			return Malformed
		default:
			return c.extend()
		}
	case atSizeLF:
		if b != '\n' {
			return Malformed
		}
		if c.digits = 0; c.left == 0 {
			c.spot = atEndCR
		} else {
			c.spot = inData
		}
	case atDataCR, atEndCR: // the next spot expects the LF
		if b != '\r' {
			return Malformed
		}
		c.spot++
	case atDataLF, atEndLF:
		if b != '\n' {
			return Malformed
		}
		if c.spot == atEndLF {
			c.digits = -1
		}
		c.spot = atSize
	}
	return NoFault
}

func (c *chunks) extend() Fault {
	if c.extensions++; c.extensions > extensionBytes {
		return TooLarge
	}
	return NoFault
}

// hexDigit returns the value of a digit, or -1.
func hexDigit(b byte) int {
	switch {
	case '0' <= b && b <= '9':
		return int(b - '0')
	case 'a' <= b && b <= 'f':
		return int(b-'a') + 10
	case 'A' <= b && b <= 'F':
		return int(b-'A') + 10
	}
	return -1
}
