package ledger

import "time"

var gmt8 = time.FixedZone("GMT+8", 8*60*60)

// Clock shows a moment the way the wire does: yyyy-MM-dd HH:mm:ss in GMT+8.
func Clock(ms int64) string { return time.UnixMilli(ms).In(gmt8).Format("2006-01-02 15:04:05") }
