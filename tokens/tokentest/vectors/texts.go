package vectors

import "strings"

// texts: prefixes, lengths and white space. There is one spelling per code.
func (b *book) texts() {
	o := ordinary()
	good := "RG1:" + base45(o.wire(7, o.sign()))
	body := good[4:]

	b.text("text-empty", "nothing was scanned", "", "malformed")
	b.text("text-prefix-short-1", "one character", "R", "malformed")
	b.text("text-prefix-short-3", "three characters of the prefix", "RG1", "malformed")
	b.text("text-prefix-only", "the prefix and no more", "RG1:", "malformed")
	b.text("text-prefix-missing", "base45 alone", body, "malformed")
	b.text("text-prefix-other", "the prefix of another system", "HC1:"+body, "malformed")
	b.text("text-prefix-letter", "a letter where the version stands", "RGA:"+body, "malformed")
	b.text("text-prefix-no-colon", "a semicolon behind the version", "RG1;"+body, "malformed")
	b.text("text-prefix-two-digits", "version 11 is not a version 1", "RG11:"+body[1:], "malformed")
	b.text("text-prefix-lower", "the prefix in lower case", "rg1:"+body, "malformed")
	b.text("text-prefix-twice", "the prefix twice", "RG1:RG1:"+body[4:], "malformed")
	b.text("text-link", "a web address, as most codes in a station are", "https://example.org/", "malformed")

	b.text("text-version-2", "a later version", "RG2:"+body, "unsupported_version")
	b.text("text-version-0", "an earlier version", "RG0:"+body, "unsupported_version")
	b.text("text-version-9-short", "another version may have any length", "RG9:", "unsupported_version")
	b.text("text-version-2-bad-characters", "and any characters", "RG2:abc_", "unsupported_version")

	b.text("text-too-short", "the last character is missing", good[:len(good)-1], "malformed")
	b.text("text-too-long", "one character too many", good+"0", "malformed")
	b.text("text-too-short-triple", "a whole triple is missing", good[:len(good)-3], "malformed")
	b.text("text-too-long-triple", "a whole triple too many", good+"000", "malformed")
	b.text("text-twice", "the code twice", good+good, "malformed")

	b.text("text-newline", "a trailing newline, as scanners type it", good+"\n", "malformed")
	b.text("text-crlf", "a trailing CR LF", good+"\r\n", "malformed")
	b.text("text-newline-in-place", "the right length, with a newline for the last character", good[:len(good)-1]+"\n", "malformed")
	b.text("text-space-before", "a leading space", " "+good, "malformed")
	b.text("text-space-after", "a trailing space: in the alphabet, but one too many", good+" ", "malformed")
	b.text("text-tab", "a tab inside", good[:100]+"\t"+good[101:], "malformed")
	b.text("text-quoted", "the code in quotation marks", `"`+good+`"`, "malformed")
	b.text("text-byte-order-mark", "a byte order mark in front", "\ufeff"+good, "malformed")
}

// alphabet: what base45 does not have, and what it has but cannot mean.
func (b *book) alphabet() {
	o := ordinary()
	good := "RG1:" + base45(o.wire(7, o.sign()))
	at := func(i int, put string) string { return good[:i] + put + good[i+len(put):] }

	b.text("alphabet-lower-case", "the whole code in lower case but for the prefix", "RG1:"+strings.ToLower(good[4:]), "malformed")
	for _, c := range []struct{ name, about, char string }{
		{"lower-a", "a lower case letter", "a"},
		{"lower-z", "a lower case letter", "z"},
		{"nul", "a zero byte", "\x00"},
		{"delete", "the last ASCII character", "\x7f"},
		{"exclamation", "the first character after the space", "!"},
		{"quote", "a quotation mark", `"`},
		{"hash", "a character just below the dollar", "#"},
		{"ampersand", "a character just above the percent", "&"},
		{"parenthesis", "a character just below the asterisk", ")"},
		{"comma", "a comma, between plus and minus", ","},
		{"semicolon", "a character just above the colon", ";"},
		{"equals", "the padding of base64", "="},
		{"at", "a character just below A", "@"},
		{"bracket", "a character just above Z", "["},
		{"underscore", "a letter of base64url", "_"},
		{"two-bytes", "a letter of two UTF-8 bytes; the length in bytes is right", "é"},
		{"full-width", "a full-width letter, three UTF-8 bytes", "Ａ"},
		{"digit-other-script", "an Arabic-Indic digit", "٣"},
	} {
		b.text("alphabet-"+c.name, c.about, at(103, c.char), "malformed")
	}
	b.text("alphabet-first-place", "the bad character is the first", at(4, "#"), "malformed")
	b.text("alphabet-last-place", "the bad character is the last", at(len(good)-1, "#"), "malformed")
	b.text("alphabet-last-pair-first", "the bad character is the last but one", at(len(good)-2, "#"), "malformed")
	b.text("alphabet-last-pair-wraps", "the last pair is #0: with 255 for a bad character its value would just fit a byte",
		at(len(good)-2, "#0"), "malformed")

	b.text("overflow-triple-65536", "a triple GGW = 65536 does not fit two bytes", at(19, "GGW"), "malformed")
	b.text("overflow-triple-first", "the first triple is ::: = 91124", at(4, ":::"), "malformed")
	b.text("overflow-triple-last", "the last triple is ::: = 91124", at(len(good)-5, ":::"), "malformed")
	b.text("overflow-pair-256", "the last pair V5 = 256 does not fit one byte", at(len(good)-2, "V5"), "malformed")
	b.text("overflow-pair-2024", "the last pair :: = 2024", at(len(good)-2, "::"), "malformed")
}
