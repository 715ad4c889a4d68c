"""The service as users of FastAPI and SQLAlchemy write it: a session for each
request, by a dependency that commits when the handler is done."""

import os
import uuid
from datetime import datetime, timezone

import uvicorn
from fastapi import Depends, FastAPI, HTTPException
from pydantic import BaseModel, Field
from sqlalchemy import BigInteger, Boolean, Column, DateTime, String, update
from sqlalchemy.dialects.postgresql import UUID
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.orm import declarative_base, sessionmaker

engine = create_async_engine(os.environ["BENCH_URL"], pool_size=int(os.environ["BENCH_POOL"]), max_overflow=0)
Session = sessionmaker(engine, class_=AsyncSession, expire_on_commit=False)
Base = declarative_base()
app = FastAPI()


def now():
    return datetime.now(timezone.utc)


class Account(Base):
    __tablename__ = "accounts"
    id = Column(UUID(as_uuid=True), primary_key=True)
    created_at = Column(DateTime(timezone=True), default=now)
    updated_at = Column(DateTime(timezone=True), default=now, onupdate=now)
    name = Column(String)
    currency = Column(String)
    balance = Column(BigInteger)
    allow_negative = Column(Boolean)
    version = Column(BigInteger)


class Transfer(Base):
    __tablename__ = "transfers"
    id = Column(UUID(as_uuid=True), primary_key=True, default=uuid.uuid4)
    created_at = Column(DateTime(timezone=True), default=now)
    amount = Column(BigInteger)
    memo = Column(String)


class AccountOut(BaseModel):
    id: uuid.UUID
    name: str
    currency: str
    balance: int
    version: int
    created_at: datetime

    class Config:
        orm_mode = True


class TransferIn(BaseModel):
    from_: uuid.UUID = Field(alias="from")
    to: uuid.UUID
    amount: int = Field(ge=1)
    memo: str = ""


class TransferOut(TransferIn):
    id: uuid.UUID

    class Config:
        allow_population_by_field_name = True


async def get_session():
    async with Session() as session:
        async with session.begin():
            yield session


@app.get("/accounts/{id}", response_model=AccountOut)
async def read_account(id: uuid.UUID, session: AsyncSession = Depends(get_session)):
    account = await session.get(Account, id)
    if account is None:
        raise HTTPException(404)
    return account


@app.post("/transfers", status_code=201, response_model=TransferOut)
async def make_transfer(body: TransferIn, session: AsyncSession = Depends(get_session)):
    moves = sorted([(body.from_, -body.amount), (body.to, body.amount)])
    for id, amount in moves:
        result = await session.execute(
            update(Account)
            .where(Account.id == id)
            .values(balance=Account.balance + amount, version=Account.version + 1)
            .execution_options(synchronize_session=False)
        )
        if result.rowcount != 1:
            raise HTTPException(404)
    transfer = Transfer(amount=body.amount, memo=body.memo)
    session.add(transfer)
    await session.flush()
    return TransferOut(id=transfer.id, from_=body.from_, to=body.to, amount=body.amount, memo=body.memo)


@app.get("/nothing")
async def nothing(session: AsyncSession = Depends(get_session)):
    return {"ok": True}


# Clients that wait for their turn keep their connection, as they do with the others.
uvicorn.run(app, fd=3, log_level="error", access_log=False, timeout_keep_alive=3600)
