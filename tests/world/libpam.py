# SPDX-License-Identifier: Apache-2.0
"""A PAM application, for the stacks whose programs are not here: libpam.py SERVICE USER CALL...

Makes the calls (auth, account, setcred, open, close) one after the other, as root, and prints what
each returned, what was asked and what was said, as JSON. Prompts are answered by the first line of
standard input. It is a program because a session changes the process that opens it."""
import ctypes
import json
import subprocess
import sys

ECHO_OFF, ERROR, INFO = 1, 3, 4
SUCCESS, PERM_DENIED, AUTH_ERR, AUTHINFO_UNAVAIL, ACCT_EXPIRED = 0, 6, 7, 9, 13
CALLS = {"auth": ("pam_authenticate", 0), "account": ("pam_acct_mgmt", 0),
         "setcred": ("pam_setcred", 2), "open": ("pam_open_session", 0),
         "close": ("pam_close_session", 0)}


class Message(ctypes.Structure):
    _fields_ = [("style", ctypes.c_int), ("text", ctypes.c_char_p)]


class Response(ctypes.Structure):
    _fields_ = [("text", ctypes.c_void_p), ("code", ctypes.c_int)]


TALK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int, ctypes.POINTER(ctypes.POINTER(Message)),
                        ctypes.POINTER(ctypes.c_void_p), ctypes.c_void_p)


class Conversation(ctypes.Structure):
    _fields_ = [("talk", TALK), ("data", ctypes.c_void_p)]


def main(service, user, *calls):
    pam, libc = ctypes.CDLL("libpam.so.0"), ctypes.CDLL(None)
    for function in (libc.calloc, libc.strdup):
        function.restype = ctypes.c_void_p
    answer = sys.stdin.readline().rstrip("\n").encode()
    done = {"codes": {}, "asked": [], "said": []}

    def talk(count, messages, out, _):
        memory = libc.calloc(count, ctypes.sizeof(Response))
        responses = ctypes.cast(memory, ctypes.POINTER(Response))
        for i in range(count):
            message = messages[i].contents
            asks = message.style == ECHO_OFF
            done["asked" if asks else "said"].append(message.text.decode())
            if asks:
                responses[i].text = libc.strdup(answer)
        out[0] = memory
        return SUCCESS

    handle, conversation = ctypes.c_void_p(), Conversation(TALK(talk), None)
    code = pam.pam_start(service.encode(), user.encode(), ctypes.byref(conversation),
                         ctypes.byref(handle))
    for call in calls if code == SUCCESS else ():
        name, flags = CALLS[call]
        code = getattr(pam, name)(handle, flags)
        done["codes"][call] = code
    pam.pam_end(handle, code)
    print(json.dumps(done))


def application(service, user, *calls, answer=""):
    """Runs this program; the answer's `codes` is a dict by call."""
    done = subprocess.run([sys.executable, __file__, service, user, *calls], input=answer + "\n",
                          stdout=subprocess.PIPE, text=True, check=True, timeout=60)
    return json.loads(done.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])
