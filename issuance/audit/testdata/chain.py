"""Computes the value of TestHashOfAnEntryNeverChanges independently of the Go code."""
import hmac
import struct


def text(s):
    b = s.encode()
    return struct.pack(">I", len(b)) + b


key = bytes([1, 2, 3]) + bytes(29)
before = bytes([9]) + bytes(31)
noon = 1770696000000  # 2026-02-10 12:00 in Beijing, Unix ms
message = text("railgate/audit/entry/v1") + before + struct.pack(">qqq", 3, 7, noon + 1)
for part in ["hongqiao-window-3", "window", "revoke", "credential", "20494-1", "lost_phone", "r1"]:
    message += text(part)
print(hmac.new(key, message, "sha256").hexdigest())
