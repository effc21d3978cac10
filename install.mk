# SPDX-License-Identifier: Apache-2.0
# Installing. Paths are those of the design where PREFIX=/usr; DESTDIR works; an existing
# configuration is never overwritten.

D := $(DESTDIR)
MAN_PAGES := dblab-authd.8 pam_dblab.8 dblab-auth.conf.5 dblab-auth.1 dblabauth.3
SAMPLES := $(shell cd etc && find pam.d ssh pgbouncer postgresql nginx -type f 2>/dev/null)

.PHONY: install uninstall
install: all
	install -d $(D)$(SBINDIR) $(D)$(BINDIR) $(D)$(LIBEXECDIR) $(D)$(LIBDIR)/pkgconfig \
	    $(D)$(INCLUDEDIR) $(D)$(SECURITYDIR) $(D)$(UNITDIR) $(D)$(SYSUSERSDIR) \
	    $(D)$(DOCDIR)/examples $(D)$(SYSCONFDIR)/dblab-auth
	install -m 755 $(BUILD)/dblab-authd $(D)$(SBINDIR)/
	install -m 755 $(BUILD)/dblab-authd-checker $(D)$(LIBEXECDIR)/
	install -m 755 $(BUILD)/dblab-auth $(D)$(BINDIR)/
	install -m 644 $(BUILD)/$(SONAME) $(D)$(LIBDIR)/
	ln -sf $(SONAME) $(D)$(LIBDIR)/libdblabauth.so
	install -m 644 $(BUILD)/dblabauth.pc $(D)$(LIBDIR)/pkgconfig/
	install -m 644 libdblabauth/include/dblabauth.h $(D)$(INCLUDEDIR)/
	install -m 644 $(MODULE) $(D)$(SECURITYDIR)/
	for page in $(MAN_PAGES); do \
	    install -D -m 644 man/$$page $(D)$(MANDIR)/man$${page##*.}/$$page || exit 1; done
	for file in $(SAMPLES); do \
	    install -D -m 644 etc/$$file $(D)$(DOCDIR)/examples/$$file || exit 1; done
	sed 's|@SBINDIR@|$(SBINDIR)|' etc/systemd/dblab-authd.service \
	    > $(D)$(UNITDIR)/dblab-authd.service
	chmod 644 $(D)$(UNITDIR)/dblab-authd.service
	install -m 644 etc/systemd/dblab-authd.socket $(D)$(UNITDIR)/
	install -m 644 etc/sysusers.d/dblab-auth.conf $(D)$(SYSUSERSDIR)/
	test -e $(D)$(SYSCONFDIR)/dblab-auth/dblab-auth.conf || install -m 644 \
	    etc/dblab-auth.conf $(D)$(SYSCONFDIR)/dblab-auth/
	install -m 644 README.md LICENSE $(D)$(DOCDIR)/
ifeq ($(DESTDIR),)
	getent passwd dblab-auth >/dev/null || useradd --system --user-group --no-create-home \
	    --home-dir /nonexistent --shell /usr/sbin/nologin dblab-auth
	ldconfig
endif

# The configuration, the system user and the stacks in pam.d are the administrator's: they stay.
uninstall:
	rm -f $(D)$(SBINDIR)/dblab-authd $(D)$(LIBEXECDIR)/dblab-authd-checker \
	    $(D)$(BINDIR)/dblab-auth $(D)$(LIBDIR)/$(SONAME) $(D)$(LIBDIR)/libdblabauth.so \
	    $(D)$(LIBDIR)/pkgconfig/dblabauth.pc $(D)$(INCLUDEDIR)/dblabauth.h \
	    $(D)$(SECURITYDIR)/pam_dblab.so $(D)$(UNITDIR)/dblab-authd.service \
	    $(D)$(UNITDIR)/dblab-authd.socket $(D)$(SYSUSERSDIR)/dblab-auth.conf
	for page in $(MAN_PAGES); do rm -f $(D)$(MANDIR)/man$${page##*.}/$$page; done
	rm -rf $(D)$(DOCDIR)
	-rmdir $(D)$(LIBEXECDIR)
