// SPDX-License-Identifier: Apache-2.0
#ifndef TESTS_FAULT_SHIM_FUNCTIONS_H
#define TESTS_FAULT_SHIM_FUNCTIONS_H

/*
 * The functions of PKCS#11 2.40 in the order of CK_FUNCTION_LIST, C_GetFunctionList left out:
 * X(HOOK: the shim has shim_do_NAME() for it, LOGIN: that and a remark in the log, or PASS; name; session, 0
 * for none; parameters; arguments).
 */
// clang-format off
#define SHIM_FUNCTIONS(X) \
    X(HOOK, C_Initialize, 0, (void *init_args), init_args) \
    X(HOOK, C_Finalize, 0, (void *reserved), reserved) \
    X(HOOK, C_GetInfo, 0, (CK_INFO *info), info) \
    X(HOOK, C_GetSlotList, 0, (CK_BYTE token_present, CK_SLOT_ID *slot_list, CK_ULONG *count), \
      token_present, slot_list, count) \
    X(HOOK, C_GetSlotInfo, 0, (CK_SLOT_ID slot_id, CK_SLOT_INFO *info), slot_id, info) \
    X(HOOK, C_GetTokenInfo, 0, (CK_SLOT_ID slot_id, CK_TOKEN_INFO *info), slot_id, info) \
    X(HOOK, C_GetMechanismList, 0, (CK_SLOT_ID slot_id, CK_MECHANISM_TYPE *mechanism_list, CK_ULONG \
      *count), \
      slot_id, mechanism_list, count) \
    X(HOOK, C_GetMechanismInfo, 0, (CK_SLOT_ID slot_id, CK_MECHANISM_TYPE type, CK_MECHANISM_INFO \
      *info), \
      slot_id, type, info) \
    X(PASS, C_InitToken, 0, (CK_SLOT_ID slot_id, CK_BYTE *pin, CK_ULONG pin_len, CK_BYTE *label), \
      slot_id, pin, pin_len, label) \
    X(PASS, C_InitPIN, session, (CK_SESSION_HANDLE session, CK_BYTE *pin, CK_ULONG pin_len), \
      session, pin, pin_len) \
    X(PASS, C_SetPIN, session, (CK_SESSION_HANDLE session, CK_BYTE *old_pin, CK_ULONG old_len, CK_BYTE \
      *new_pin, CK_ULONG new_len), \
      session, old_pin, old_len, new_pin, new_len) \
    X(HOOK, C_OpenSession, 0, (CK_SLOT_ID slot_id, CK_FLAGS flags, void *application, CK_NOTIFY \
      notify, CK_SESSION_HANDLE *session), \
      slot_id, flags, application, notify, session) \
    X(HOOK, C_CloseSession, session, (CK_SESSION_HANDLE session), session) \
    X(HOOK, C_CloseAllSessions, 0, (CK_SLOT_ID slot_id), slot_id) \
    X(PASS, C_GetSessionInfo, session, (CK_SESSION_HANDLE session, CK_SESSION_INFO *info), session, info) \
    X(PASS, C_GetOperationState, session, (CK_SESSION_HANDLE session, CK_BYTE *operation_state, \
      CK_ULONG *operation_state_len), \
      session, operation_state, operation_state_len) \
    X(PASS, C_SetOperationState, session, (CK_SESSION_HANDLE session, CK_BYTE *operation_state, \
      CK_ULONG operation_state_len, CK_OBJECT_HANDLE encryption_key, CK_OBJECT_HANDLE authentication_key), \
      session, operation_state, operation_state_len, encryption_key, authentication_key) \
    X(LOGIN, C_Login, session, (CK_SESSION_HANDLE session, CK_USER_TYPE user_type, CK_BYTE *pin, \
      CK_ULONG pin_len), \
      session, user_type, pin, pin_len) \
    X(HOOK, C_Logout, session, (CK_SESSION_HANDLE session), session) \
    X(HOOK, C_CreateObject, session, (CK_SESSION_HANDLE session, CK_ATTRIBUTE *templ, CK_ULONG count, \
      CK_OBJECT_HANDLE *object), \
      session, templ, count, object) \
    X(HOOK, C_CopyObject, session, (CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE \
      *templ, CK_ULONG count, CK_OBJECT_HANDLE *new_object), \
      session, object, templ, count, new_object) \
    X(HOOK, C_DestroyObject, session, (CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object), \
      session, object) \
    X(PASS, C_GetObjectSize, session, (CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ULONG \
      *size), \
      session, object, size) \
    X(HOOK, C_GetAttributeValue, session, (CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, \
      CK_ATTRIBUTE *templ, CK_ULONG count), \
      session, object, templ, count) \
    X(HOOK, C_SetAttributeValue, session, (CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, \
      CK_ATTRIBUTE *templ, CK_ULONG count), \
      session, object, templ, count) \
    X(HOOK, C_FindObjectsInit, session, (CK_SESSION_HANDLE session, CK_ATTRIBUTE *templ, CK_ULONG \
      count), \
      session, templ, count) \
    X(HOOK, C_FindObjects, session, (CK_SESSION_HANDLE session, CK_OBJECT_HANDLE *object, CK_ULONG \
      max_object_count, CK_ULONG *object_count), \
      session, object, max_object_count, object_count) \
    X(PASS, C_FindObjectsFinal, session, (CK_SESSION_HANDLE session), session) \
    X(PASS, C_EncryptInit, session, (CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, \
      CK_OBJECT_HANDLE key), \
      session, mechanism, key) \
    X(PASS, C_Encrypt, session, (CK_SESSION_HANDLE session, CK_BYTE *data, CK_ULONG data_len, CK_BYTE \
      *encrypted_data, CK_ULONG *encrypted_data_len), \
      session, data, data_len, encrypted_data, encrypted_data_len) \
    X(PASS, C_EncryptUpdate, session, (CK_SESSION_HANDLE session, CK_BYTE *part, CK_ULONG part_len, \
      CK_BYTE *encrypted_part, CK_ULONG *encrypted_part_len), \
      session, part, part_len, encrypted_part, encrypted_part_len) \
    X(PASS, C_EncryptFinal, session, (CK_SESSION_HANDLE session, CK_BYTE *last_encrypted_part, \
      CK_ULONG *last_encrypted_part_len), \
      session, last_encrypted_part, last_encrypted_part_len) \
    X(PASS, C_DecryptInit, session, (CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, \
      CK_OBJECT_HANDLE key), \
      session, mechanism, key) \
    X(PASS, C_Decrypt, session, (CK_SESSION_HANDLE session, CK_BYTE *encrypted_data, CK_ULONG \
      encrypted_data_len, CK_BYTE *data, CK_ULONG *data_len), \
      session, encrypted_data, encrypted_data_len, data, data_len) \
    X(PASS, C_DecryptUpdate, session, (CK_SESSION_HANDLE session, CK_BYTE *encrypted_part, CK_ULONG \
      encrypted_part_len, CK_BYTE *part, CK_ULONG *part_len), \
      session, encrypted_part, encrypted_part_len, part, part_len) \
    X(PASS, C_DecryptFinal, session, (CK_SESSION_HANDLE session, CK_BYTE *last_part, CK_ULONG \
      *last_part_len), \
      session, last_part, last_part_len) \
    X(PASS, C_DigestInit, session, (CK_SESSION_HANDLE session, CK_MECHANISM *mechanism), \
      session, mechanism) \
    X(PASS, C_Digest, session, (CK_SESSION_HANDLE session, CK_BYTE *data, CK_ULONG data_len, CK_BYTE \
      *digest, CK_ULONG *digest_len), \
      session, data, data_len, digest, digest_len) \
    X(PASS, C_DigestUpdate, session, (CK_SESSION_HANDLE session, CK_BYTE *part, CK_ULONG part_len), \
      session, part, part_len) \
    X(PASS, C_DigestKey, session, (CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key), session, key) \
    X(PASS, C_DigestFinal, session, (CK_SESSION_HANDLE session, CK_BYTE *digest, CK_ULONG \
      *digest_len), \
      session, digest, digest_len) \
    X(HOOK, C_SignInit, session, (CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE \
      key), \
      session, mechanism, key) \
    X(HOOK, C_Sign, session, (CK_SESSION_HANDLE session, CK_BYTE *data, CK_ULONG data_len, CK_BYTE \
      *signature, CK_ULONG *signature_len), \
      session, data, data_len, signature, signature_len) \
    X(HOOK, C_SignUpdate, session, (CK_SESSION_HANDLE session, CK_BYTE *part, CK_ULONG part_len), \
      session, part, part_len) \
    X(HOOK, C_SignFinal, session, (CK_SESSION_HANDLE session, CK_BYTE *signature, CK_ULONG \
      *signature_len), \
      session, signature, signature_len) \
    X(PASS, C_SignRecoverInit, session, (CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, \
      CK_OBJECT_HANDLE key), \
      session, mechanism, key) \
    X(PASS, C_SignRecover, session, (CK_SESSION_HANDLE session, CK_BYTE *data, CK_ULONG data_len, \
      CK_BYTE *signature, CK_ULONG *signature_len), \
      session, data, data_len, signature, signature_len) \
    X(PASS, C_VerifyInit, session, (CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, \
      CK_OBJECT_HANDLE key), \
      session, mechanism, key) \
    X(PASS, C_Verify, session, (CK_SESSION_HANDLE session, CK_BYTE *data, CK_ULONG data_len, CK_BYTE \
      *signature, CK_ULONG signature_len), \
      session, data, data_len, signature, signature_len) \
    X(PASS, C_VerifyUpdate, session, (CK_SESSION_HANDLE session, CK_BYTE *part, CK_ULONG part_len), \
      session, part, part_len) \
    X(PASS, C_VerifyFinal, session, (CK_SESSION_HANDLE session, CK_BYTE *signature, CK_ULONG \
      signature_len), \
      session, signature, signature_len) \
    X(PASS, C_VerifyRecoverInit, session, (CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, \
      CK_OBJECT_HANDLE key), \
      session, mechanism, key) \
    X(PASS, C_VerifyRecover, session, (CK_SESSION_HANDLE session, CK_BYTE *signature, CK_ULONG \
      signature_len, CK_BYTE *data, CK_ULONG *data_len), \
      session, signature, signature_len, data, data_len) \
    X(PASS, C_DigestEncryptUpdate, session, (CK_SESSION_HANDLE session, CK_BYTE *part, CK_ULONG \
      part_len, CK_BYTE *encrypted_part, CK_ULONG *encrypted_part_len), \
      session, part, part_len, encrypted_part, encrypted_part_len) \
    X(PASS, C_DecryptDigestUpdate, session, (CK_SESSION_HANDLE session, CK_BYTE *encrypted_part, \
      CK_ULONG encrypted_part_len, CK_BYTE *part, CK_ULONG *part_len), \
      session, encrypted_part, encrypted_part_len, part, part_len) \
    X(PASS, C_SignEncryptUpdate, session, (CK_SESSION_HANDLE session, CK_BYTE *part, CK_ULONG \
      part_len, CK_BYTE *encrypted_part, CK_ULONG *encrypted_part_len), \
      session, part, part_len, encrypted_part, encrypted_part_len) \
    X(PASS, C_DecryptVerifyUpdate, session, (CK_SESSION_HANDLE session, CK_BYTE *encrypted_part, \
      CK_ULONG encrypted_part_len, CK_BYTE *part, CK_ULONG *part_len), \
      session, encrypted_part, encrypted_part_len, part, part_len) \
    X(PASS, C_GenerateKey, session, (CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_ATTRIBUTE \
      *templ, CK_ULONG count, CK_OBJECT_HANDLE *key), \
      session, mechanism, templ, count, key) \
    X(HOOK, C_GenerateKeyPair, session, (CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, \
      CK_ATTRIBUTE *public_key_template, CK_ULONG public_key_attribute_count, CK_ATTRIBUTE \
      *private_key_template, CK_ULONG private_key_attribute_count, CK_OBJECT_HANDLE *public_key, \
      CK_OBJECT_HANDLE *private_key), \
      session, mechanism, public_key_template, public_key_attribute_count, private_key_template, \
      private_key_attribute_count, public_key, private_key) \
    X(PASS, C_WrapKey, session, (CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE \
      wrapping_key, CK_OBJECT_HANDLE key, CK_BYTE *wrapped_key, CK_ULONG *wrapped_key_len), \
      session, mechanism, wrapping_key, key, wrapped_key, wrapped_key_len) \
    X(PASS, C_UnwrapKey, session, (CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, \
      CK_OBJECT_HANDLE unwrapping_key, CK_BYTE *wrapped_key, CK_ULONG wrapped_key_len, CK_ATTRIBUTE \
      *templ, CK_ULONG attribute_count, CK_OBJECT_HANDLE *key), \
      session, mechanism, unwrapping_key, wrapped_key, wrapped_key_len, templ, attribute_count, key) \
    X(PASS, C_DeriveKey, session, (CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, \
      CK_OBJECT_HANDLE base_key, CK_ATTRIBUTE *templ, CK_ULONG attribute_count, CK_OBJECT_HANDLE *key), \
      session, mechanism, base_key, templ, attribute_count, key) \
    X(PASS, C_SeedRandom, session, (CK_SESSION_HANDLE session, CK_BYTE *seed, CK_ULONG seed_len), \
      session, seed, seed_len) \
    X(PASS, C_GenerateRandom, session, (CK_SESSION_HANDLE session, CK_BYTE *random_data, CK_ULONG \
      random_len), \
      session, random_data, random_len) \
    X(PASS, C_GetFunctionStatus, session, (CK_SESSION_HANDLE session), session) \
    X(PASS, C_CancelFunction, session, (CK_SESSION_HANDLE session), session) \
    X(PASS, C_WaitForSlotEvent, 0, (CK_FLAGS flags, CK_SLOT_ID *slot, void *reserved), \
      flags, slot, reserved)
// clang-format on

#endif
