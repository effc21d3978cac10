def test_many(shared):
    if shared.protocol != "h2": return
    for i in range(60):
        r = shared.daemon.auth(f"fixture-last.{i}"); 
        r2 = shared.daemon.auth(f"fixture-good.{i}")
        print(i, r, r2)
        if str(r2) != "accepted/valid/none" or r.result != "accepted":
            for e in shared.platform.requests(8): print(e["number"], e["connection"], e["arrived"]/1e9, e["left"]/1e9, e["status"], e["fixture"], e["method"])
            print(shared.platform.counts()); assert 0
def test_many2(shared):
    if shared.protocol != "h2": return
    for i in range(60):
        r2 = shared.daemon.auth(f"fixture-many-headers.{i}")
        if str(r2) != "accepted/valid/none":
            print(i, r2)
            for e in shared.platform.requests(8): print(e["number"], e["connection"], e["arrived"]/1e9, e["left"]/1e9, e["status"], e["fixture"], e["method"])
            print(shared.platform.counts()); assert 0
